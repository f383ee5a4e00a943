#include "data/keypoints/joint_survey.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "data/keypoints/joint_names.h"

namespace mdn {

namespace {

constexpr double margin = 0.05;             // of a side
constexpr std::int64_t fewest_frames = 20;  // to judge a body by

constexpr const char* exchanged_hint =
    "the joints may be in another order (left before right: microdualnet keypoints converts other "
    "orders), or coordinates were mirrored without exchanging left and right. People filmed from "
    "behind are no fault: their eyes were guessed then";
constexpr const char* coincidence_hint =
    "one joint may have been written in the place of another: write 0, 0, 0 for a joint that the "
    "estimator does not give, or a layout without it (docs/data.md, Layouts)";

std::string in_percent(double share) { return std::to_string(std::llround(100 * share)) + " %"; }

/// Between which values 98 % lie: a stray joint does not decide how far a clip's joints reach.
std::pair<double, double> bounds_without_strays(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    const std::size_t left_out = values.size() / 100;
    return {values[left_out], values[values.size() - 1 - left_out]};
}

}  // namespace

void JointSurvey::add(const std::vector<std::vector<Pose>>& people, const Track& person,
                      std::optional<FrameSize> frame) {
    JointSurvey clip;
    for (const auto& pose : person) {
        if (!pose) continue;
        for (const Joint& joint : *pose) {
            clip.seen_ += joint.valid();
            clip.certain_ += joint.valid() && joint.confidence == 1;
        }
        clip.heads_below_.add(head_is_below_hips(*pose));
        clip.sides_crossed_.add(sides_disagree(*pose, both_shoulders, both_hips));
        clip.eyes_crossed_.add(sides_disagree(*pose, both_shoulders, both_eyes));
        clip.sides_exchanged_.add(sides_are_exchanged(*pose));
        clip.coincidences_.add(*pose, frame);
    }
    if (frame) clip.add_places(people, person, *frame);
    add(clip);
}

void JointSurvey::add_places(const std::vector<std::vector<Pose>>& people, const Track& person,
                             FrameSize frame) {
    const double width = static_cast<double>(frame.width);
    const double height = static_cast<double>(frame.height);
    std::vector<double> xs, ys;
    for (const auto& poses : people) {
        for (const Pose& pose : poses) {
            for (const Joint& joint : pose) {
                if (!joint.valid()) continue;
                xs.push_back(joint.x / width);
                ys.push_back(joint.y / height);
            }
        }
    }
    std::tie(left_, right_) = bounds_without_strays(xs);
    std::tie(top_, bottom_) = bounds_without_strays(ys);
    for (const auto& pose : person) {
        if (!pose) continue;
        for (const Joint& joint : *pose) {
            if (!joint.valid()) continue;
            const double x = joint.x / width, y = joint.y / height;
            ++joints_;
            outside_ += x < -margin || y < -margin || x > 1 + margin || y > 1 + margin;
        }
    }
    if (joints_ == 0) return;
    clips_ = 1;
    centre_x_ = (left_ + right_) / 2;
    centre_y_ = (top_ + bottom_) / 2;
}

void JointSurvey::add(const JointSurvey& other) {
    seen_ += other.seen_;
    certain_ += other.certain_;
    heads_below_.add(other.heads_below_);
    sides_crossed_.add(other.sides_crossed_);
    eyes_crossed_.add(other.eyes_crossed_);
    sides_exchanged_.add(other.sides_exchanged_);
    coincidences_.add(other.coincidences_);
    if (other.empty()) return;
    left_ = empty() ? other.left_ : std::min(left_, other.left_);
    right_ = empty() ? other.right_ : std::max(right_, other.right_);
    top_ = empty() ? other.top_ : std::min(top_, other.top_);
    bottom_ = empty() ? other.bottom_ : std::max(bottom_, other.bottom_);
    clips_ += other.clips_;
    joints_ += other.joints_;
    outside_ += other.outside_;
    centre_x_ += other.centre_x_;
    centre_y_ += other.centre_y_;
}

std::string JointSurvey::extent() const {
    return "x from " + in_percent(left_) + " to " + in_percent(right_) + " of the width, y from " +
           in_percent(top_) + " to " + in_percent(bottom_) + " of the height";
}

std::string JointSurvey::extent_in(FrameSize frame) const {
    const auto pixels = [](double share, std::int64_t side) {
        return std::to_string(std::llround(share * static_cast<double>(side)));
    };
    return "x from " + pixels(left_, frame.width) + " to " + pixels(right_, frame.width) +
           ", y from " + pixels(top_, frame.height) + " to " + pixels(bottom_, frame.height);
}

std::vector<JointSurvey::Finding> JointSurvey::findings() const {
    std::vector<Finding> found;
    if (!empty()) find_other_sizes(found);
    find_other_orders(found);
    return found;
}

void JointSurvey::find_other_sizes(std::vector<Finding>& found) const {
    constexpr const char* size_hint =
        "if the keypoints were found before the frames were resized, say in what size: "
        "--keypoint-size WIDTHxHEIGHT";
    constexpr const char* scale_hint =
        "joints of a person do not fit in so few pixels: if the coordinates are shares of the "
        "width and height, --keypoint-scale unit (0 to 1) or symmetric (-1 to 1)";
    if (is_outside())
        found.push_back(
            {std::to_string(outside_) + " of " + std::to_string(joints_) +
                 " joints lie outside the frames by more than 5 % of a side: " + extent(),
             size_hint});
    const double clips = static_cast<double>(clips_);
    const bool upper_left =
        right_ <= 0.8 && bottom_ <= 0.8 && centre_x_ < 0.42 * clips && centre_y_ < 0.42 * clips;
    constexpr double half = 0.55;    // and a little
    constexpr double corner = 0.05;  // of all joints of all clips
    if (upper_left || right_ <= half || bottom_ <= half)
        found.push_back(
            {std::string("the joints of all clips keep to the ") +
                 (upper_left || (right_ <= half && bottom_ <= half) ? "upper left"
                  : right_ <= half                                  ? "left half"
                                                                    : "upper half") +
                 " of the frames: " + extent() +
                 ". Keypoints that were found in pictures of another size look like this",
             right_ <= corner && bottom_ <= corner ? scale_hint : size_hint});
}

void JointSurvey::find_other_orders(std::vector<Finding>& found) const {
    constexpr const char* order_hint =
        "the order of the joints may be another: BODY_25B needs --keypoint-layout body25b, and "
        "microdualnet keypoints converts others";
    const auto in_frames = [](const PostureCount& count, const std::string& rest) {
        return ("in " + std::to_string(count.held) + " of " + std::to_string(count.told) +
                " frames that show ")
            .append(rest);
    };
    if (heads_below_.mostly(fewest_frames))
        found.push_back(
            {in_frames(heads_below_, "head and hips, the head is below the hips"), order_hint});
    if (sides_crossed_.mostly(fewest_frames))
        found.push_back({in_frames(sides_crossed_,
                                   "shoulders and hips, the left shoulder and the left hip are on "
                                   "different sides"),
                         order_hint});
    if (eyes_crossed_.mostly(fewest_frames))
        found.push_back({in_frames(eyes_crossed_,
                                   "shoulders and eyes, the left shoulder and the left eye are on "
                                   "different sides"),
                         order_hint});
    if (sides_exchanged_.mostly(fewest_frames))
        found.push_back(
            {in_frames(sides_exchanged_,
                       "nose, both eyes and both shoulders, the left shoulder is where a person "
                       "who faces the camera has the right one: left and right may be exchanged"),
             exchanged_hint});
    for (const CoincidenceCount::Group& group : coincidences_.groups(fewest_frames))
        found.push_back({in_frames(group.count, names_of(group.joints) +
                                                    ", these are at exactly the same place"),
                         coincidence_hint});
}

}  // namespace mdn
