// Skeletons of other pose estimators, read as BODY_25.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "data/keypoints/body25.h"

namespace mdn {

/// How the joints of a person of 75 numbers are ordered. BODY_25B has as many as BODY_25 and
/// nothing in a file tells them apart, so that it has to be asked for.
enum class KeypointLayout { body25, body25b };

/// No list of a known layout is longer.
constexpr std::size_t most_keypoint_numbers = 3 * body25_joints;

/// A person from a list of x, y, confidence, joint by joint: 75 numbers are BODY_25 (or BODY_25B,
/// if that is asked for), 54 OpenPose's COCO-18, 51 COCO-17 in the order of the COCO data set.
/// Of joints that a layout lacks, neck and mid-hip become the middle of the shoulders and of the
/// hips where both are valid, with the smaller confidence; feet are missing. A joint whose place or
/// confidence is not a number is missing. Nothing for any other length.
std::optional<Pose> body25_pose(std::span<const double> numbers, KeypointLayout layout);

/// "75 (BODY_25), 54 (COCO-18) or 51 (COCO-17)", for messages.
std::string known_layouts();

}  // namespace mdn
