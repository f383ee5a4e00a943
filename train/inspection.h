// One clip with everything that a page shows of it: the frames as the network sees them, joints and
// boxes on them, and what the model computes on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/clip.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// T frames, K entities, side S, as the model's config has them.
struct Inspection {
    ClipView view;                        // which frames, and the joints on them
    Inputs inputs;                        // of the first view, B = 1, on the CPU
    std::vector<Image> pictures;          // [T], S×S; empty in modality pose
    std::vector<std::vector<Box>> boxes;  // [T][K], in pixels of S×S; empty without entities
    Outputs outputs;                      // of the model, B = 1, on its device
    std::vector<double> probabilities;    // [C]
    std::vector<double> alpha_st;         // [K]; empty without two paths
    AttentionMaps attention;              // f32 on the CPU, B = 1; empty without entities
};

/// Reads the clip and passes its first view through the model in evaluation mode, without
/// gradients: what is computed is what evaluation computes. Throws Error for unreadable files, and
/// NonFinite naming the clip if a logit is not finite.
Inspection inspect(MicroDualNet& model, const ClipFiles& clip, const ClipOptions& options);

/// Frames [T,S,S,3] as resample() writes them, back as pictures.
std::vector<Image> pictures_of(const Tensor& frames);

}  // namespace mdn
