// Reader of OpenPose's keypoint files (BODY_25).
#pragma once

#include <filesystem>
#include <vector>

#include "data/body25.h"

namespace mdn {

/// The people of one frame in the file's order (which is no identity), in pixels of the image.
/// A person without a `pose_keypoints_2d` array, or with an empty one, is left out; so the result
/// may be empty. Confidences are taken as they are: slightly above 1 and slightly negative occur.
/// Throws Error naming the file: missing, malformed JSON (with the position; bare `nan` tokens and
/// numbers beyond double's range are not JSON), no `people` list, or a person that has not
/// exactly 75 numbers (with the count).
std::vector<Pose> read_openpose(const std::filesystem::path& path);

}  // namespace mdn
