#include "data/keypoints/posture.h"

#include <cmath>
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

/// Whether both are of one foot.
bool share_a_foot(std::size_t i, std::size_t j) {
    const auto foot = [](std::size_t joint) {
        return joint < left_big_toe ? 0 : joint < right_big_toe ? 1 : 2;
    };
    return foot(i) != 0 && foot(i) == foot(j);
}

bool on_border(const Joint& joint, FrameSize frame) {
    return joint.x <= 0 || joint.y <= 0 || joint.x >= static_cast<double>(frame.width - 1) ||
           joint.y >= static_cast<double>(frame.height - 1);
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

std::optional<bool> sides_are_exchanged(const Pose& pose) {
    constexpr double surely = 0.5;
    for (const Body25 joint : {nose, left_eye, right_eye, left_shoulder, right_shoulder})
        if (!pose[joint].valid() || pose[joint].confidence < surely) return std::nullopt;
    const Joint &left = pose[left_shoulder], &right = pose[right_shoulder];
    // From the middle of the shoulders to the nose, and from the right shoulder to the left one:
    // the product's sign does not depend on how the picture is turned.
    const double up_x = pose[nose].x - (left.x + right.x) / 2;
    const double up_y = pose[nose].y - (left.y + right.y) / 2;
    const double across = up_x * (left.y - right.y) - up_y * (left.x - right.x);
    constexpr double least = 0.25;  // of the height of the nose above the shoulders
    if (!(std::abs(across) > least * (up_x * up_x + up_y * up_y))) return std::nullopt;
    return across < 0;
}

void CoincidenceCount::add(const Pose& pose, std::optional<FrameSize> frame) {
    const auto tells = [&](std::size_t joint) {
        return pose[joint].valid() && !(frame && on_border(pose[joint], *frame));
    };
    for (std::size_t i = 0; i < pose.size(); ++i) {
        if (!tells(i)) continue;
        for (std::size_t j = i + 1; j < pose.size(); ++j)
            if (tells(j) && !share_a_foot(i, j))
                pairs_[i][j].add(pose[i].x == pose[j].x && pose[i].y == pose[j].y);
    }
}

void CoincidenceCount::add(const CoincidenceCount& other) {
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        for (std::size_t j = i + 1; j < pairs_.size(); ++j) pairs_[i][j].add(other.pairs_[i][j]);
}

std::vector<CoincidenceCount::Group> CoincidenceCount::groups(std::int64_t fewest) const {
    std::vector<Group> groups;
    std::array<bool, body25_joints> taken{};
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        if (taken[i]) continue;
        Group group{.joints = {static_cast<Body25>(i)}, .count = {}};
        for (std::size_t j = i + 1; j < pairs_.size(); ++j) {
            if (taken[j] || !pairs_[i][j].mostly(fewest)) continue;
            taken[j] = true;
            group.joints.push_back(static_cast<Body25>(j));
            if (pairs_[i][j].held > group.count.held) group.count = pairs_[i][j];
        }
        if (group.joints.size() > 1) groups.push_back(std::move(group));
    }
    return groups;
}

}  // namespace mdn
