#include "data/keypoints/formats/keypoint_source.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"

namespace mdn {

namespace {

/// "17 (coco17, human36m), 18 (coco18), …".
std::string known_sizes() {
    std::string text;
    for (const Skeleton& skeleton : skeletons()) {
        if (!skeleton.taken_for_its_size) continue;
        text.append(text.empty() ? "" : ", ").append(std::to_string(skeleton.size()));
        text.append(" (").append(skeleton.option);
        for (const Skeleton* other : skeletons_like(skeleton))
            text.append(" or ").append(other->option);
        text.append(")");
    }
    return text;
}

/// Whether a name may stand at that place of a skeleton.
bool fits(const std::string& name, Body25 joint) {
    const auto called = joint_called(name);
    if (called.value_or(body25_joints) != body25_joints) return *called == joint;
    // MMPose's name for what other descriptions of Human3.6M call the nose.
    return joint == body25_joints || (joint == nose && name == "neck_base");
}

bool fits(const Skeleton& skeleton, const JointNames& names) {
    return std::all_of(names.begin(), names.end(), [&](const auto& named) {
        const auto& [place, name] = named;
        return place < skeleton.size() && fits(name, skeleton.joints[place]);
    });
}

/// "an order of its own; without nose, left ear; left out 'head'".
std::string own_name(const NamedOrder& order) {
    std::string name = "an order of its own", missing;
    for (std::size_t j = 0; j < left_big_toe; ++j) {
        const auto joint = static_cast<Body25>(j);
        const bool is_made = joint == neck || joint == mid_hip;  // of shoulders, of hips
        if (!is_made &&
            std::find(order.joints.begin(), order.joints.end(), joint) == order.joints.end())
            missing.append(missing.empty() ? "" : ", ").append(name_of(joint));
    }
    if (!missing.empty()) name.append("; without ").append(missing);
    for (std::size_t i = 0; i < order.dropped.size(); ++i)
        name.append(i ? ", '" : "; left out '").append(order.dropped[i]).append("'");
    return name;
}

std::string size_text(FrameSize size) {
    return std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace

void PersonBuilder::set_joint_names(JointNames names, std::string named_at) {
    named_at_ = std::move(named_at);
    if (names == names_) return;
    names_ = std::move(names);
    called_.clear();
}

const Skeleton* PersonBuilder::skeleton_for(std::size_t joints,
                                            const std::function<std::string()>& where) {
    if (names_.empty()) return skeleton_of_size(joints);
    const auto [called, is_new] = called_.emplace(joints, nullptr);
    if (is_new) called->second = skeleton_called(joints, where);
    return called->second;
}

const Skeleton* PersonBuilder::skeleton_called(std::size_t joints,
                                               const std::function<std::string()>& where) {
    if (const Skeleton* first = skeleton_of_size(joints)) {
        std::vector<const Skeleton*> candidates = skeletons_like(*first);
        candidates.insert(candidates.begin(), first);
        for (const Skeleton* skeleton : candidates) {
            if (!fits(*skeleton, names_)) continue;
            named_.insert(skeleton);
            return skeleton;
        }
    }
    const std::size_t last = names_.rbegin()->first;
    if (names_.size() == last + 1 && names_.size() != joints)
        throw Error(where() + " has " + std::to_string(joints) + " joints, but " + named_at_ +
                        " names " + std::to_string(names_.size()),
                    "--layout NAME reads joints in that order whatever they are called");
    if (names_.size() != joints || last >= joints)
        throw Error(where() + " has " + std::to_string(joints) +
                        " joints in another order than any known skeleton, and " + named_at_ +
                        " names only some: joint " + std::to_string(names_.begin()->first) +
                        " is called '" + names_.begin()->second.substr(0, 60) + "'",
                    "--layout NAME reads them as one of these all the same");
    return own_skeleton(order_called(names_, named_at_));
}

const Skeleton* PersonBuilder::own_skeleton(NamedOrder order) {
    for (const OwnOrder& own : own_)
        if (own.order.joints == order.joints && own.order.dropped == order.dropped)
            return &own.skeleton;
    OwnOrder& own = own_.emplace_back();
    own.order = std::move(order);
    own.name = own_name(own.order);
    own.skeleton = {"", own.name.c_str(), own.order.joints, false};
    named_.insert(&own.skeleton);
    return &own.skeleton;
}

Pose PersonBuilder::build(std::span<const double> numbers,
                          const std::function<std::string()>& where, Confidences confidences) {
    const bool whole = numbers.size() % 3 == 0;
    const Skeleton* skeleton = asked_  ? asked_
                               : whole ? skeleton_for(numbers.size() / 3, where)
                                       : nullptr;
    if (!skeleton || numbers.size() != 3 * skeleton->size()) {
        const std::string joints = whole ? std::to_string(numbers.size() / 3) + " joints"
                                         : std::to_string(numbers.size()) + " numbers";
        if (asked_)
            throw Error(where() + " has " + joints + ", not the " + std::to_string(asked_->size()) +
                            " of --layout " + asked_->option,
                        "leave --layout out, or name the skeleton that these are in");
        throw Error(where() + " has " + joints + ", which no known skeleton has",
                    "known are " + known_sizes() + " joints");
    }
    std::vector<double> seen(numbers.begin(), numbers.end());
    for (std::size_t i = 0; i < seen.size(); i += 3) {
        if (seen[i] != 0 || seen[i + 1] != 0) continue;
        joints_at_zero_ += seen[i + 2] > 0.05;
        seen[i + 2] = 0;  // before a neck is made of two shoulders
    }
    const Pose pose = body25_pose(seen, *skeleton);
    ++people_[skeleton];
    without_confidences_ += confidences == Confidences::none;
    return pose;
}

std::optional<FrameSize> picture_of(const FoundClip& clip) {
    std::optional<FrameSize> size;
    for (const FoundFrame& frame : clip.frames) {
        if (!frame.picture) continue;
        if (size && (size->width != frame.picture->width || size->height != frame.picture->height))
            throw Error("clip '" + clip.name + "': its pictures have two sizes, " +
                            size_text(*size) + " and " + size_text(*frame.picture),
                        "all frames of a clip have one size");
        size = frame.picture;
    }
    return size;
}

}  // namespace mdn
