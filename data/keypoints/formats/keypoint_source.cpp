#include "data/keypoints/formats/keypoint_source.h"

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

/// What a joint of BODY_25 is called, by MMPose and by Human3.6M's names there; body25_joints for a
/// name that is none of these.
Body25 joint_called(const std::string& name) {
    static const std::map<std::string, Body25> names = {{"nose", nose},
                                                        {"neck", neck},
                                                        {"thorax", neck},
                                                        {"root", mid_hip},
                                                        {"pelvis", mid_hip},
                                                        {"hip", mid_hip},
                                                        {"left_eye", left_eye},
                                                        {"right_eye", right_eye},
                                                        {"left_ear", left_ear},
                                                        {"right_ear", right_ear},
                                                        {"left_shoulder", left_shoulder},
                                                        {"right_shoulder", right_shoulder},
                                                        {"left_elbow", left_elbow},
                                                        {"right_elbow", right_elbow},
                                                        {"left_wrist", left_wrist},
                                                        {"right_wrist", right_wrist},
                                                        {"left_hip", left_hip},
                                                        {"right_hip", right_hip},
                                                        {"left_knee", left_knee},
                                                        {"right_knee", right_knee},
                                                        {"left_ankle", left_ankle},
                                                        {"right_ankle", right_ankle},
                                                        {"left_foot", left_ankle},
                                                        {"right_foot", right_ankle}};
    const auto found = names.find(name);
    return found == names.end() ? body25_joints : found->second;
}

/// Whether no joint that has a known name is another one in the skeleton.
bool fits(const Skeleton& skeleton, const std::map<std::size_t, std::string>& names) {
    for (const auto& [place, name] : names) {
        const Body25 joint = joint_called(name);
        if (joint == body25_joints || place >= skeleton.size()) continue;
        if (skeleton.joints[place] != joint) return false;
    }
    return true;
}

std::string size_text(FrameSize size) {
    return std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace

const Skeleton* PersonBuilder::skeleton_for(std::size_t joints) const {
    const Skeleton* first = skeleton_of_size(joints);
    if (!first || fits(*first, names_)) return first;
    for (const Skeleton* other : skeletons_like(*first))
        if (fits(*other, names_)) return other;
    return nullptr;
}

Pose PersonBuilder::build(std::span<const double> numbers,
                          const std::function<std::string()>& where) {
    const bool whole = numbers.size() % 3 == 0;
    const Skeleton* skeleton = asked_ ? asked_ : whole ? skeleton_for(numbers.size() / 3) : nullptr;
    if (!skeleton || numbers.size() != 3 * skeleton->size()) {
        const std::string joints = whole ? std::to_string(numbers.size() / 3) + " joints"
                                         : std::to_string(numbers.size()) + " numbers";
        if (asked_)
            throw Error(where() + " has " + joints + ", not the " + std::to_string(asked_->size()) +
                            " of --layout " + asked_->option,
                        "leave --layout out, or name the skeleton that these are in");
        if (whole && skeleton_of_size(numbers.size() / 3))
            throw Error(where() + " has " + joints +
                            " in another order than any known skeleton: joint 0 is called '" +
                            (names_.contains(0) ? names_.at(0) : "") + "'",
                        "--layout NAME reads them as one of these all the same");
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
