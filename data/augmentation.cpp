#include "data/augmentation.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/error.h"

namespace mdn {

namespace {

/// a/b to the nearest integer, half up; both positive.
std::int64_t divide_rounded(std::int64_t a, std::int64_t b) { return (2 * a + b) / (2 * b); }

/// A rectangle of the resized frame.
struct Crop {
    std::int64_t x = 0;
    std::int64_t y = 0;
    std::int64_t width = 0;
    std::int64_t height = 0;
};

/// From the original frame to the crop scaled to S×S.
Transform transform_to(FrameSize frame, FrameSize resized, const Crop& crop, std::int64_t S) {
    const double zoom_x = static_cast<double>(S) / static_cast<double>(crop.width);
    const double zoom_y = static_cast<double>(S) / static_cast<double>(crop.height);
    return {
        .scale_x = zoom_x * static_cast<double>(resized.width) / static_cast<double>(frame.width),
        .scale_y = zoom_y * static_cast<double>(resized.height) / static_cast<double>(frame.height),
        .offset_x = -zoom_x * static_cast<double>(crop.x),
        .offset_y = -zoom_y * static_cast<double>(crop.y),
    };
}

Crop multi_scale_crop(FrameSize frame, std::int64_t S, double min_scale, Random& random) {
    const std::int64_t base = std::min(frame.width, frame.height);
    std::vector<std::int64_t> sides;
    for (const std::int64_t thousandths : {1000, 875, 750, 660}) {
        if (!sides.empty() && static_cast<double>(thousandths) < 1000 * min_scale) break;
        const std::int64_t side = std::max<std::int64_t>(base * thousandths / 1000, 1);
        // A side within 3 pixels in 224 of S is taken as S, so that nothing is resized for nothing.
        const bool close = std::abs(side - S) * 224 < 3 * S;
        sides.push_back(close ? S : side);
    }
    std::vector<FrameSize> candidates;
    for (std::size_t i = 0; i < sides.size(); ++i) {
        for (std::size_t j = i > 0 ? i - 1 : 0; j < std::min(i + 2, sides.size()); ++j) {
            candidates.push_back({.width = sides[j], .height = sides[i]});
        }
    }
    const FrameSize size = candidates[random.below(static_cast<std::int64_t>(candidates.size()))];

    // The places, in quarters of the room that the crop has to move.
    static constexpr std::int64_t places[13][2] = {{0, 0}, {4, 0}, {0, 4}, {4, 4}, {2, 2},
                                                   {0, 2}, {4, 2}, {2, 4}, {2, 0}, {1, 1},
                                                   {3, 1}, {1, 3}, {3, 3}};
    const auto& place = places[random.below(13)];
    return {place[0] * ((frame.width - size.width) / 4),
            place[1] * ((frame.height - size.height) / 4), size.width, size.height};
}

}  // namespace

FrameSize resized(FrameSize frame, std::int64_t S) {
    const std::int64_t side = divide_rounded(256 * S, 224);
    const std::int64_t shorter = std::min(frame.width, frame.height);
    return {divide_rounded(frame.width * side, shorter),
            divide_rounded(frame.height * side, shorter)};
}

Transform evaluation_transform(FrameSize frame, std::int64_t S) {
    return evaluation_transforms(frame, S, 1).front();
}

std::vector<Transform> evaluation_transforms(FrameSize frame, std::int64_t S, std::int64_t crops) {
    if (crops != 1 && crops != 3)
        throw Error("the number of crops must be 1 or 3, not " + std::to_string(crops));
    const FrameSize large = resized(frame, S);
    const Crop centre = {(large.width - S) / 2, (large.height - S) / 2, S, S};
    if (crops == 1) return {transform_to(frame, large, centre, S)};
    Crop first = centre, last = centre;
    if (large.width >= large.height) {
        first.x = 0;
        last.x = large.width - S;
    } else {
        first.y = 0;
        last.y = large.height - S;
    }
    std::vector<Transform> transforms;
    for (const Crop& crop : {first, centre, last})
        transforms.push_back(transform_to(frame, large, crop, S));
    return transforms;
}

Transform training_transform(FrameSize frame, std::int64_t S, Random& random,
                             double min_crop_scale) {
    const FrameSize large = resized(frame, S);
    Transform transform =
        transform_to(frame, large, multi_scale_crop(large, S, min_crop_scale, random), S);
    if (random.below(2) == 1) {
        transform.scale_x = -transform.scale_x;
        transform.offset_x = static_cast<double>(S) - transform.offset_x;
    }
    return transform;
}

}  // namespace mdn
