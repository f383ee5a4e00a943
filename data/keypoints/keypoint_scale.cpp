#include "data/keypoints/keypoint_scale.h"

#include <algorithm>
#include <cmath>

namespace mdn {

void ScaleSurvey::add(const Pose& pose) {
    for (const Joint& joint : pose) {
        if (!joint.valid()) continue;
        for (const double value : {joint.x, joint.y}) {
            ++coordinates_;
            small_ += std::abs(value) <= 3;
            negative_ += value < -0.1;
        }
    }
}

KeypointScale ScaleSurvey::scale() const {
    if (empty() || 10 * small_ < 9 * coordinates_) return KeypointScale::pixels;
    return 20 * negative_ >= coordinates_ ? KeypointScale::symmetric : KeypointScale::unit;
}

KeypointScale detect_scale(const std::vector<std::vector<Pose>>& people) {
    ScaleSurvey survey;
    for (const auto& frame : people)
        for (const Pose& pose : frame) survey.add(pose);
    return survey.scale();
}

void to_pixels(std::vector<std::vector<Pose>>& people, KeypointScale scale, FrameSize frame,
               std::optional<FrameSize> picture) {
    if (scale == KeypointScale::automatic) scale = detect_scale(people);
    const FrameSize found_in = picture.value_or(frame);
    const double width = static_cast<double>(found_in.width);
    const double height = static_cast<double>(found_in.height);
    const bool by_longest =
        scale == KeypointScale::unit_by_longest || scale == KeypointScale::symmetric_by_longest;
    const bool from_minus_one =
        scale == KeypointScale::symmetric || scale == KeypointScale::symmetric_by_longest;
    const auto to_picture = [&](double value, double side) {
        if (scale == KeypointScale::pixels) return value;
        const double share = from_minus_one ? (value + 1) / 2 : value;
        return share * ((by_longest ? std::max(width, height) : side) - 1);
    };
    const double scale_x = static_cast<double>(frame.width) / width;
    const double scale_y = static_cast<double>(frame.height) / height;
    for (auto& poses : people) {
        for (Pose& pose : poses) {
            for (Joint& joint : pose) {
                joint.x = to_picture(joint.x, width) * scale_x;
                joint.y = to_picture(joint.y, height) * scale_y;
            }
        }
    }
}

}  // namespace mdn
