#include "data/keypoints/posture.h"

#include <initializer_list>

namespace mdn {

namespace {

/// Mean y of those that were seen of some joints; nothing if none was.
std::optional<double> mean_y(const Pose& pose, std::initializer_list<Body25> joints) {
    double sum = 0, count = 0;
    for (const Body25 joint : joints) {
        if (!pose[joint].valid()) continue;
        sum += pose[joint].y;
        ++count;
    }
    if (count == 0) return std::nullopt;
    return sum / count;
}

}  // namespace

std::optional<bool> head_is_below_hips(const Pose& pose) {
    const auto head = mean_y(pose, {nose, left_eye, right_eye});
    const auto hips = mean_y(pose, {mid_hip, left_hip, right_hip});
    if (!head || !hips) return std::nullopt;
    return *head > *hips;
}

std::optional<bool> sides_disagree(const Pose& pose, SidePair one, SidePair other) {
    for (const Body25 joint : {one.left, one.right, other.left, other.right})
        if (!pose[joint].valid()) return std::nullopt;
    return (pose[one.left].x - pose[one.right].x) * (pose[other.left].x - pose[other.right].x) < 0;
}

}  // namespace mdn
