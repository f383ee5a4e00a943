// The joints of each body entity, in units of the body itself: the input of a model without frames
// (SPEC §8, `modality: pose`).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/entity.h"
#include "data/keypoints/body25.h"

namespace mdn {

/// J: the joints of the entity that has the most; others leave the rest 0.
constexpr std::int64_t entity_joint_slots = 12;

/// Positions lie within ± this many units of length of the origin, where a body's height is about
/// four; what lies further out is put on the border.
constexpr double farthest_joint = 8;

/// Where the positions of one clip are measured from, and in what.
struct BodyFrame {
    double x = 0;
    double y = 0;
    double unit = 0;  // 0: nothing to measure with, and every position is 0
};

/// The same for all frames of a clip, so that the body's own motion stays; medians over the frames,
/// so that a few bad ones do no harm. The origin is the neck, in a clip that never shows it the mid
/// hip, else the centre of the bounds of the valid joints. The unit is u of SPEC §3
/// (body_length()), in a clip that never gives it the larger side of those bounds.
BodyFrame body_frame(const std::vector<std::optional<Pose>>& clip);

/// The pose in that frame: positions as above, confidences clamped to [0,1], and all 0 for a joint
/// that is not valid.
Pose in_body_frame(const Pose& pose, const BodyFrame& body);

/// Joints [T,K,J,3] (x, y, confidence) of one clip in the order of joints_of(), written to
/// `joints`. poses[t] is the chosen person of sampled frame t in the body's frame; nothing when
/// nobody was seen: all 0. Returns whether any joint is there.
bool entity_joints(const std::vector<Entity>& entities,
                   const std::vector<std::optional<Pose>>& poses, float* joints);

}  // namespace mdn
