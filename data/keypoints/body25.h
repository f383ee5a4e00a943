// The 25 joints of OpenPose's BODY_25 skeleton.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>

namespace mdn {

/// Index of each joint in OpenPose's BODY_25 output (SPEC §3).
enum Body25 : std::int64_t {
    nose,
    neck,
    right_shoulder,
    right_elbow,
    right_wrist,
    left_shoulder,
    left_elbow,
    left_wrist,
    mid_hip,
    right_hip,
    right_knee,
    right_ankle,
    left_hip,
    left_knee,
    left_ankle,
    right_eye,
    left_eye,
    right_ear,
    left_ear,
    left_big_toe,
    left_small_toe,
    left_heel,
    right_big_toe,
    right_small_toe,
    right_heel,
    body25_joints
};

/// One joint in pixels, where pixel i of a row covers [i, i+1).
struct Joint {
    double x = 0;
    double y = 0;
    double confidence = 0;

    /// Whether the joint was seen (SPEC §3). Readers of files set the confidence of a joint that
    /// was not to 0 (read_people). No image reaches as far as `farthest`: what lies there, or is no
    /// number, was not seen either, and sums and differences of valid joints are finite.
    bool valid() const {
        return confidence > 0 && std::abs(x) < farthest && std::abs(y) < farthest;
    }
    static constexpr double farthest = 1e6;

    /// Whether a file that holds this joint says that it was not seen, by its place: at exactly
    /// (0, 0) or (-1, -1), where estimators put the joints they are unsure of, some with the
    /// confidence of the guess (YOLO-pose does). 0 in one coordinate is a place in the image.
    bool is_placeholder() const { return x == y && (x == 0 || x == -1); }
};

/// All joints of one person in one frame; default-constructed: none of them was seen.
using Pose = std::array<Joint, body25_joints>;

}  // namespace mdn
