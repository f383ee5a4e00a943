// The geometry of evaluation and of training: where in a frame the network's input is taken from.
#pragma once

#include <cstdint>
#include <vector>

#include "data/transform.h"
#include "engine/random.h"

namespace mdn {

/// The frame after its short side went to round(256·S/224) and the other side with it, both to the
/// nearest integer (half up). Nothing is resized here: the resized frame exists only as numbers.
FrameSize resized(FrameSize frame, std::int64_t S);

/// Evaluation (SPEC §9): resize, then the centre crop of S at offset ⌊(W-S)/2⌋, ⌊(H-S)/2⌋.
Transform evaluation_transform(FrameSize frame, std::int64_t S);

/// One crop: evaluation_transform(). Three (ThreeCrop of MMAction2): the first, the middle and the
/// last S×S along the longer side of the resized frame (x where they are equal), each centred along
/// the other; the second is evaluation_transform(). Throws Error for any other number.
std::vector<Transform> evaluation_transforms(FrameSize frame, std::int64_t S, std::int64_t crops);

/// Training: resize, MultiScaleCrop (TSM), mirror with probability ½. The crop's sides are 1, .875,
/// .75 or .66 of the short side (those at least `min_crop_scale`, and 1 always), at most one step
/// of that list apart; it lies at one of 13 fixed places (corners, centre, middles of the edges,
/// centres of the quarters) and is scaled to S×S. One transform takes the frame to the result:
/// pixels are interpolated once, not twice.
Transform training_transform(FrameSize frame, std::int64_t S, Random& random,
                             double min_crop_scale = 0.66);

}  // namespace mdn
