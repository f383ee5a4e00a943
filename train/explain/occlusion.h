// What is taken away from a clip to see what the model's answer rests on. Nothing here estimates:
// each occlusion is an input of its own, which the model then reads like any other.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config.h"
#include "model/inputs.h"

namespace mdn {

struct Occlusion {
    enum class Kind {
        covered,    // an entity's box is painted in the mean colour, in every frame
        unseen,     // an entity counts as visible in no frame, as when its joints are not found
        dropped,    // a stretch of frames shows the nearest frame outside of it
        still,      // every frame shows the one in the middle: no motion is left
        backwards,  // the frames come in reverse order
    };

    Kind kind;
    int64_t entity = -1;            // of covered and unseen
    int64_t first = -1, last = -1;  // of dropped, and the frame of still: of the T, inclusive

    bool operator==(const Occlusion&) const = default;
};

/// Stretches into which the frames of the clip are divided, each dropped once; fewer where there
/// are fewer frames.
constexpr int64_t most_dropped_stretches = 8;

/// How many frames of a clip the model reads, of `frames` in order (ClipView::frames): of a clip of
/// fewer than T frames, it reads some more than once.
int64_t distinct_frames(const std::vector<int64_t>& frames);

/// Those that mean something to a model and a clip, in this order: covered needs frames and
/// entities; unseen needs keypoints, as fixed regions are always where they are; dropped, still and
/// backwards need more than one frame of the clip. `frames` as above, T of them. A frame of the
/// clip that is read several times is dropped as a whole: else its own copy would take its place.
std::vector<Occlusion> occlusions_for(const Config& config, const std::vector<int64_t>& frames);

/// `inputs` (f32, on the CPU, any number of clips) with that taken away, in memory of its own:
/// - covered: every pixel that the box touches is 0, the mean colour of pretraining. The box stays,
///   so that the model looks at the paint. What lies behind the box of another entity is painted
///   as well where the boxes overlap.
/// - unseen: the entity's box is the whole frame (SPEC §3, rule 4), or all its joints are missing
///   (SPEC §8). The pixels stay.
/// - dropped, still, backwards: boxes and joints go with their frames.
Inputs occluded(const Inputs& inputs, const Occlusion& occlusion, const Config& config);

/// x [B,T,...] whose moment t shows what `shown[t]` of x shows; in memory of its own.
Tensor with_frames(const Tensor& x, const std::vector<int64_t>& shown);

/// Whether the frames stay as they were, so that the backbone need not run again.
bool keeps_frames(const Occlusion& occlusion);

}  // namespace mdn
