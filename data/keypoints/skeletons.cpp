#include "data/keypoints/skeletons.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mdn {

namespace {

/// A joint of another layout that BODY_25 does not have.
constexpr Body25 dropped = body25_joints;

constexpr std::array body25 = [] {
    std::array<Body25, body25_joints> joints{};
    for (std::size_t i = 0; i < joints.size(); ++i) joints[i] = static_cast<Body25>(i);
    return joints;
}();

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

// Human3.6M: pelvis, right and left leg, spine, thorax, nose, top of the head, left and right arm.
constexpr std::array human36m = {
    mid_hip,    right_hip,  right_knee,     right_ankle, left_hip,   left_knee,
    left_ankle, dropped,    neck,           nose,        dropped,    left_shoulder,
    left_elbow, left_wrist, right_shoulder, right_elbow, right_wrist};

/// COCO-17, then `rest`, then face and hands, which are dropped.
template <std::size_t size, std::size_t count>
constexpr std::array<Body25, size> after_coco17(const std::array<Body25, count>& rest) {
    std::array<Body25, size> joints{};
    joints.fill(dropped);
    std::copy(coco17.begin(), coco17.end(), joints.begin());
    std::copy(rest.begin(), rest.end(), joints.begin() + coco17.size());
    return joints;
}

// Top of the head, neck, middle of the hips, feet: left and right in turn.
constexpr std::array halpe_rest = {dropped,         neck,          mid_hip,
                                   left_big_toe,    right_big_toe, left_small_toe,
                                   right_small_toe, left_heel,     right_heel};
constexpr auto halpe26 = after_coco17<26>(halpe_rest);
constexpr auto halpe136 = after_coco17<136>(halpe_rest);

// Feet: the left one first.
constexpr std::array wholebody_rest = {left_big_toe,  left_small_toe,  left_heel,
                                       right_big_toe, right_small_toe, right_heel};
constexpr auto wholebody133 = after_coco17<133>(wholebody_rest);

constexpr std::array<Skeleton, 8> known = {{{"body25", "BODY_25", body25, true},
                                            {"body25b", "BODY_25B", body25b, false},
                                            {"coco18", "COCO-18", coco18, true},
                                            {"coco17", "COCO-17", coco17, true},
                                            {"human36m", "Human3.6M", human36m, false},
                                            {"halpe26", "Halpe-26", halpe26, true},
                                            {"wholebody133", "COCO-WholeBody", wholebody133, true},
                                            {"halpe136", "Halpe-136", halpe136, true}}};
static_assert(3 * halpe136.size() == most_keypoint_numbers);

Joint joint_at(std::span<const double> numbers, std::size_t i) {
    const Joint joint{numbers[3 * i], numbers[3 * i + 1], numbers[3 * i + 2]};
    const bool known =
        !std::isnan(joint.x) && !std::isnan(joint.y) && !std::isnan(joint.confidence);
    return known && !joint.is_placeholder() ? joint : Joint{};
}

Joint middle(const Joint& a, const Joint& b) {
    if (!a.valid() || !b.valid()) return {};
    return {(a.x + b.x) / 2, (a.y + b.y) / 2, std::min(a.confidence, b.confidence)};
}

}  // namespace

std::span<const Skeleton> skeletons() { return known; }

const Skeleton* skeleton_of_size(std::size_t joints) {
    for (const Skeleton& skeleton : known)
        if (skeleton.size() == joints && skeleton.taken_for_its_size) return &skeleton;
    return nullptr;
}

std::vector<const Skeleton*> skeletons_like(const Skeleton& skeleton) {
    std::vector<const Skeleton*> others;
    for (const Skeleton& other : known)
        if (other.size() == skeleton.size() && &other != &skeleton) others.push_back(&other);
    return others;
}

Pose body25_pose(std::span<const double> numbers, const Skeleton& skeleton) {
    Pose pose;
    bool has_neck = false, has_mid_hip = false;
    for (std::size_t i = 0; i < skeleton.size(); ++i) {
        const Body25 joint = skeleton.joints[i];
        if (joint == dropped) continue;
        pose[joint] = joint_at(numbers, i);
        has_neck |= joint == neck;
        has_mid_hip |= joint == mid_hip;
    }
    if (!has_neck) pose[neck] = middle(pose[left_shoulder], pose[right_shoulder]);
    if (!has_mid_hip) pose[mid_hip] = middle(pose[left_hip], pose[right_hip]);
    return pose;
}

std::optional<Pose> body25_pose(std::span<const double> numbers, KeypointLayout layout) {
    const Skeleton* skeleton =
        numbers.size() % 3 == 0 ? skeleton_of_size(numbers.size() / 3) : nullptr;
    if (!skeleton) return std::nullopt;
    if (layout == KeypointLayout::body25b && skeleton->size() == body25b.size())
        skeleton = skeletons_like(*skeleton).front();
    return body25_pose(numbers, *skeleton);
}

std::string known_layouts() {
    std::vector<const Skeleton*> guesses;
    for (const Skeleton& skeleton : known)
        if (skeleton.taken_for_its_size) guesses.push_back(&skeleton);
    std::string text;
    for (const Skeleton* skeleton : guesses) {
        if (!text.empty()) text += skeleton == guesses.back() ? " or " : ", ";
        text += std::to_string(3 * skeleton->size()) + " (" + skeleton->name + ")";
    }
    return text;
}

}  // namespace mdn
