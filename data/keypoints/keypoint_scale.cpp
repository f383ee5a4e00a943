#include "data/keypoints/keypoint_scale.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace mdn {

KeypointScale detect_scale(const std::vector<std::vector<Pose>>& people) {
    std::int64_t coordinates = 0, small = 0, negative = 0;
    for (const auto& frame : people) {
        for (const Pose& pose : frame) {
            for (const Joint& joint : pose) {
                if (!joint.valid()) continue;
                for (const double value : {joint.x, joint.y}) {
                    ++coordinates;
                    small += std::abs(value) <= 1.1;
                    negative += value < -0.1;
                }
            }
        }
    }
    if (coordinates == 0 || 10 * small < 9 * coordinates) return KeypointScale::pixels;
    return 20 * negative >= coordinates ? KeypointScale::symmetric : KeypointScale::unit;
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
