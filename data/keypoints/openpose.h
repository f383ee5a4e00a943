// Reader of OpenPose's keypoint files, and of the same files as other pose estimators write them.
#pragma once

#include <filesystem>
#include <vector>

#include "data/keypoints/body25.h"
#include "data/keypoints/skeletons.h"

namespace mdn {

/// The people of one frame in the file's order (which is no identity), in the units of the file
/// (data/keypoints/keypoint_scale.h). Of each person `pose_keypoints_2d` is read,
/// `pose_keypoints` as OpenPose 1.0 calls it, or `body_parts` as it was called before, in any
/// layout that body25_pose knows. A person with an empty list, or without any field but
/// `person_id`, is left out; so the result may be empty. Confidences are taken as they are:
/// slightly above 1 and slightly negative occur.
///
/// A joint is missing if one of its numbers is `null` or `nan`: the latter is not JSON, but some
/// programs write it (also as NaN or -nan). The file is read as a stream, so that the memory it
/// takes does not depend on what it says. Throws Error naming the file: missing, malformed JSON
/// (with the position), numbers beyond double's range, no `people` list, a person with
/// other fields but no such list, or with joints elsewhere (face, hands, 3D) and none here, or a
/// person whose list holds anything but numbers or has a length of no layout (with the length).
std::vector<Pose> read_openpose(const std::filesystem::path& path,
                                KeypointLayout layout = KeypointLayout::body25);

}  // namespace mdn
