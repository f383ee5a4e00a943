#include "data/keypoints/track.h"

#include <algorithm>
#include <cmath>

namespace mdn {

namespace {

bool seen(const Track& track, std::int64_t t, std::size_t joint) {
    return t >= 0 && t < std::ssize(track) && track[t] && (*track[t])[joint].valid();
}

/// Fills frames first+1 … last-1 of one joint, between its valid places in `first` and `last`.
void interpolate(Track& track, std::int64_t first, std::int64_t last, std::size_t joint) {
    const Joint from = (*track[first])[joint], to = (*track[last])[joint];
    for (std::int64_t t = first + 1; t < last; ++t) {
        const double share = static_cast<double>(t - first) / static_cast<double>(last - first);
        if (!track[t]) track[t].emplace();
        (*track[t])[joint] = {from.x + share * (to.x - from.x), from.y + share * (to.y - from.y),
                              std::min(from.confidence, to.confidence)};
    }
}

Joint mean_around(const Track& track, std::int64_t t, std::size_t joint, std::int64_t reach) {
    Joint result = (*track[t])[joint];
    double weight = std::min(result.confidence, 1.0);
    double x = weight * result.x, y = weight * result.y;
    for (std::int64_t k = 1; k <= reach; ++k) {
        if (!seen(track, t - k, joint) || !seen(track, t + k, joint)) break;
        const Joint &before = (*track[t - k])[joint], &after = (*track[t + k])[joint];
        const double distance = static_cast<double>(k) / static_cast<double>(reach);
        const double pair = std::exp(-2 * distance * distance) *
                            std::min({before.confidence, after.confidence, 1.0});
        weight += 2 * pair;
        x += pair * (before.x + after.x);
        y += pair * (before.y + after.y);
    }
    result.x = x / weight;
    result.y = y / weight;
    return result;
}

}  // namespace

Track gaps_filled(const Track& track, std::int64_t longest) {
    Track result = track;
    if (longest < 1) return result;
    for (std::size_t joint = 0; joint < body25_joints; ++joint) {
        std::int64_t last_seen = -1;
        for (std::int64_t t = 0; t < std::ssize(track); ++t) {
            if (!seen(track, t, joint)) continue;
            if (last_seen >= 0 && t - last_seen - 1 <= longest) {
                interpolate(result, last_seen, t, joint);
            }
            last_seen = t;
        }
    }
    return result;
}

Track smoothed(const Track& track, std::int64_t reach) {
    Track result = track;
    if (reach < 1) return result;
    for (std::int64_t t = 0; t < std::ssize(track); ++t) {
        for (std::size_t joint = 0; joint < body25_joints; ++joint) {
            if (seen(track, t, joint)) (*result[t])[joint] = mean_around(track, t, joint, reach);
        }
    }
    return result;
}

}  // namespace mdn
