// One person over a clip: fills gaps in the tracks of joints, and smooths joints that tremble.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/keypoints/body25.h"

namespace mdn {

/// The person of each frame; nothing in frames where that person was not seen.
using Track = std::vector<std::optional<Pose>>;

/// Each joint that is missing for at most `longest` consecutive frames between two in which it is
/// valid, moved evenly from the one place to the other; its confidence is the smaller of the two.
/// Joints before their first valid frame and after their last stay missing. 0: the track itself.
Track gaps_filled(const Track& track, std::int64_t longest);

/// Each valid joint replaced by a weighted mean of its places in up to `reach` frames before and
/// as many after. The weight at a distance of k frames is exp(-2 (k/reach)²), times the smaller of
/// the two confidences (each at most 1) at that distance before and after, so that a joint which
/// moves evenly stays where it is. The window ends at the first frame, on either side, in which
/// the joint is not valid. Confidences are not changed. 0: the track itself.
Track smoothed(const Track& track, std::int64_t reach);

}  // namespace mdn
