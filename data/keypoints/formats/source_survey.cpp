#include "data/keypoints/formats/source_survey.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "data/keypoints/joint_names.h"
#include "data/keypoints/keypoints.h"

namespace mdn {

namespace {

constexpr std::int64_t fewest_people = 10;  // to judge an order by

std::string number_text(double value) {
    std::array<char, 32> text{};
    const int digits = std::abs(value) < 10 ? 2 : 0;
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return text.data();
}

/// Of coordinates of which the format says nothing.
const char* name_of_scale(KeypointScale scale) {
    switch (scale) {
        case KeypointScale::symmetric:
            return "symmetric (-1 to 1)";
        case KeypointScale::unit:
            return "unit (0 to 1)";
        default:
            return "pixels";
    }
}

std::string of_people(const PostureCount& count) {
    return std::to_string(count.held) + " of " + std::to_string(count.told) + " people";
}

}  // namespace

bool SourceSurvey::is_seen(const Pose& pose) {
    return std::any_of(pose.begin(), pose.end(), [](const Joint& joint) {
        return joint.valid() && joint.confidence > default_keypoint_threshold;
    });
}

void SourceSurvey::add(const Pose& pose) {
    ++people_;
    unseen_ += !is_seen(pose);
    scale_.add(pose);
    heads_below_.add(head_is_below_hips(pose));
    sides_crossed_.add(sides_disagree(pose, both_eyes, both_shoulders));
    sides_exchanged_.add(sides_are_exchanged(pose));
    coincidences_.add(pose, std::nullopt);
    for (const Joint& joint : pose) {
        if (joint.x != 0 || joint.y != 0) {
            ++joints_;
            least_confidence_ = std::min(least_confidence_, joint.confidence);
            largest_confidence_ = std::max(largest_confidence_, joint.confidence);
        }
        if (!joint.valid()) continue;
        left_ = std::min(left_, joint.x), right_ = std::max(right_, joint.x);
        top_ = std::min(top_, joint.y), bottom_ = std::max(bottom_, joint.y);
    }
}

std::string SourceSurvey::scale_text(bool normalised) const {
    if (scale_.empty()) return "no joint was seen";
    return std::string(normalised ? "divided by width and height" : name_of_scale(scale_.scale())) +
           "; joints lie from (" + number_text(left_) + ", " + number_text(top_) + ") to (" +
           number_text(right_) + ", " + number_text(bottom_) + ")";
}

std::vector<std::string> SourceSurvey::warnings() const {
    std::vector<std::string> found;
    if (heads_below_.mostly(fewest_people))
        found.push_back("the head lies below the hips in " + of_people(heads_below_) +
                        ": the joints may be in another order (--layout), or y may point upwards");
    if (sides_crossed_.mostly(fewest_people))
        found.push_back("eyes and shoulders disagree about left and right in " +
                        of_people(sides_crossed_) +
                        ": the joints may be in another order (--layout)");
    if (sides_exchanged_.mostly(fewest_people))
        found.push_back(
            "the left shoulder is where people who face the camera have the right one in " +
            of_people(sides_exchanged_) +
            " with nose, both eyes and both shoulders: the joints may be in another order "
            "(--layout), or coordinates were mirrored without exchanging left and right. (People "
            "filmed from behind are no fault: their eyes were guessed then.)");
    for (const CoincidenceCount::Group& group : coincidences_.groups(fewest_people))
        found.push_back(names_of(group.joints) + " are at exactly the same place in " +
                        of_people(group.count) +
                        ": one may have been written in the place of another. Give them the right "
                        "places, or confidence 0 where the estimator has no such joint");
    if (people_ > 0 && unseen_ == people_) {
        std::array<char, 32> threshold{};
        std::snprintf(threshold.data(), threshold.size(), "%g", default_keypoint_threshold);
        const std::string limit = threshold.data();
        found.push_back(
            "people are listed, but every confidence is " +
            (largest_confidence() <= 0 ? std::string("0")
                                       : "at or below " + limit + " (the largest is " +
                                             number_text(largest_confidence()) + ")") +
            ", so that nobody counts as seen: check and train take joints above " + limit +
            " (--keypoint-threshold). Where a program left its confidences out, write 1 for "
            "joints that are there");
    }
    return found;
}

}  // namespace mdn
