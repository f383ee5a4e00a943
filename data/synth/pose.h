// Where every part of the figure is at a moment of a performance.
#pragma once

#include <array>

#include "data/synth/performance.h"

namespace mdn::synth {

/// The joints of OpenPose's BODY_25, in its order.
enum Joint {
    kNose,
    kNeck,
    kRShoulder,
    kRElbow,
    kRWrist,
    kLShoulder,
    kLElbow,
    kLWrist,
    kMidHip,
    kRHip,
    kRKnee,
    kRAnkle,
    kLHip,
    kLKnee,
    kLAnkle,
    kREye,
    kLEye,
    kREar,
    kLEar,
    kLBigToe,
    kLSmallToe,
    kLHeel,
    kRBigToe,
    kRSmallToe,
    kRHeel,
    kJoints
};

/// Side 0 is the right limb, 1 the left.
inline constexpr std::array<Joint, 2> kShoulder = {kRShoulder, kLShoulder};
inline constexpr std::array<Joint, 2> kElbow = {kRElbow, kLElbow};
inline constexpr std::array<Joint, 2> kWrist = {kRWrist, kLWrist};
inline constexpr std::array<Joint, 2> kHip = {kRHip, kLHip};
inline constexpr std::array<Joint, 2> kKnee = {kRKnee, kLKnee};
inline constexpr std::array<Joint, 2> kAnkle = {kRAnkle, kLAnkle};
inline constexpr std::array<Joint, 2> kEye = {kREye, kLEye};
inline constexpr std::array<Joint, 2> kEar = {kREar, kLEar};
inline constexpr std::array<Joint, 2> kBigToe = {kRBigToe, kLBigToe};
inline constexpr std::array<Joint, 2> kSmallToe = {kRSmallToe, kLSmallToe};
inline constexpr std::array<Joint, 2> kHeel = {kRHeel, kLHeel};

/// -1 for the right limb, which is on the left of the picture, 1 for the left one.
inline double side_sign(int side) { return side == 0 ? -1 : 1; }

struct Figure {
    std::array<Vec3, kJoints> joint;
    Rotation torso, head;
    Vec3 head_centre;
    std::array<Vec3, 2> hand;  ///< unit vectors from the wrists along the hands
    double curl;               ///< of the fingers, 0 straight to 1 fist
};

/// The figure `seconds` after the clip's start.
Figure pose_at(const Subject& subject, const Performance& performance, double seconds);

/// Whether the head is not turned so far that this eye is behind the bridge of the nose.
bool eye_is_visible(const Figure& figure, int side);

/// How far along the hand, from the wrist, the middle of the palm is, as a share of its length.
inline constexpr double kPalm = 0.45;

}  // namespace mdn::synth
