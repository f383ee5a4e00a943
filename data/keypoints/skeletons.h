// Skeletons of other pose estimators, read as BODY_25.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/keypoints/body25.h"

namespace mdn {

/// How the joints of a person of 75 numbers are ordered. BODY_25B has as many as BODY_25 and
/// nothing in a file tells them apart, so that it has to be asked for.
enum class KeypointLayout { body25, body25b };

/// No list of a known layout is longer.
constexpr std::size_t most_keypoint_numbers = 3 * 136;

/// A person from a list of x, y, confidence, joint by joint: 75 numbers are BODY_25 (or BODY_25B,
/// if that is asked for), 54 OpenPose's COCO-18, 51 COCO-17 in the order of the COCO data set, 78
/// Halpe-26, 399 COCO-WholeBody and 408 Halpe's full body; of the last two, body and feet are
/// taken. Of joints that a layout lacks, neck and mid-hip become the middle of the shoulders and of
/// the hips where both are valid, with the smaller confidence; feet are missing. A joint whose
/// place or confidence is not a number is missing, and so is a placeholder
/// (Joint::is_placeholder). Nothing for any other length.
std::optional<Pose> body25_pose(std::span<const double> numbers, KeypointLayout layout);

/// "75 (BODY_25), 54 (COCO-18), …", for messages.
std::string known_layouts();

/// An order of joints, whatever the file it is found in.
struct Skeleton {
    const char* option;  // "coco17": how the command line calls it
    const char* name;    // "COCO-17"
    std::span<const Body25>
        joints;               // in the skeleton's order; body25_joints where BODY_25 has none
    bool taken_for_its_size;  // where nothing else tells: the first guess for that many joints

    std::size_t size() const { return joints.size(); }
};

/// All that are known.
std::span<const Skeleton> skeletons();
/// What a person of that many joints is taken for unless the user says otherwise; null where no
/// skeleton has so many.
const Skeleton* skeleton_of_size(std::size_t joints);
/// Others with as many joints, which a file cannot tell from it: "human36m", say.
std::vector<const Skeleton*> skeletons_like(const Skeleton& skeleton);

/// The same as above from 3·size() numbers in the order of a skeleton.
Pose body25_pose(std::span<const double> numbers, const Skeleton& skeleton);

}  // namespace mdn
