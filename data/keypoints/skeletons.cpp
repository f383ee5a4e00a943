#include "data/keypoints/skeletons.h"

#include <algorithm>
#include <array>

namespace mdn {

namespace {

/// A joint of another layout that BODY_25 does not have.
constexpr Body25 dropped = body25_joints;

constexpr std::array coco18 = {nose,          neck,       right_shoulder, right_elbow, right_wrist,
                               left_shoulder, left_elbow, left_wrist,     right_hip,   right_knee,
                               right_ankle,   left_hip,   left_knee,      left_ankle,  right_eye,
                               left_eye,      right_ear,  left_ear};

constexpr std::array coco17 = {nose,          left_eye,       right_eye,  left_ear,    right_ear,
                               left_shoulder, right_shoulder, left_elbow, right_elbow, left_wrist,
                               right_wrist,   left_hip,       right_hip,  left_knee,   right_knee,
                               left_ankle,    right_ankle};

// Its neck is the upper end of the neck, not the middle of the shoulders.
constexpr std::array body25b = {
    nose,           left_eye,       right_eye,     left_ear,        right_ear,
    left_shoulder,  right_shoulder, left_elbow,    right_elbow,     left_wrist,
    right_wrist,    left_hip,       right_hip,     left_knee,       right_knee,
    left_ankle,     right_ankle,    dropped,       dropped,         left_big_toe,
    left_small_toe, left_heel,      right_big_toe, right_small_toe, right_heel};

Joint joint_at(std::span<const double> numbers, std::size_t i) {
    const Joint joint{numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
    const bool known =
        !std::isnan(joint.x) && !std::isnan(joint.y) && !std::isnan(joint.confidence);
    return known ? joint : Joint{};
}

Joint middle(const Joint& a, const Joint& b) {
    if (!a.valid() || !b.valid()) return {};
    return {(a.x + b.x) / 2, (a.y + b.y) / 2, std::min(a.confidence, b.confidence)};
}

Pose mapped(std::span<const double> numbers, std::span<const Body25> joints) {
    Pose pose;
    bool has_neck = false;
    for (std::size_t i = 0; i < joints.size(); ++i) {
        if (joints[i] == dropped) continue;
        pose[joints[i]] = joint_at(numbers, i);
        has_neck |= joints[i] == neck;
    }
    if (!has_neck) pose[neck] = middle(pose[left_shoulder], pose[right_shoulder]);
    pose[mid_hip] = middle(pose[left_hip], pose[right_hip]);
    return pose;
}

}  // namespace

std::optional<Pose> body25_pose(std::span<const double> numbers, KeypointLayout layout) {
    if (numbers.size() == 3 * coco18.size()) return mapped(numbers, coco18);
    if (numbers.size() == 3 * coco17.size()) return mapped(numbers, coco17);
    if (numbers.size() != 3 * body25_joints) return std::nullopt;
    if (layout == KeypointLayout::body25b) return mapped(numbers, body25b);
    Pose pose;
    for (std::size_t i = 0; i < pose.size(); ++i) pose[i] = joint_at(numbers, i);
    return pose;
}

std::string known_layouts() { return "75 (BODY_25), 54 (COCO-18) or 51 (COCO-17)"; }

}  // namespace mdn
