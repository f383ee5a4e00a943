// The options of one forward pass.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// The attention weights of a pass: under a transformer's name in SPEC §7 ("st.spatial") a tensor
/// per layer, [B,S,heads,L,L]. Spatial-T: S = T sequences of L = K entities; Temporal-T: S = K
/// sequences of L = T frames. Row i is how much of each token i takes; rows sum to 1.
using AttentionMaps = std::map<std::string, std::vector<Tensor>>;

struct ForwardOptions {
    /// Batch statistics (and updates of the running ones) instead of the running statistics.
    bool training = false;
    /// i64 [2], (seed, step), on the model's device: dropout is applied when given, and taken as 0
    /// when undefined (evaluation, trace, overfit).
    Tensor dropout_seed_and_step = {};
    /// In [0,1): part of each label's weight in the cross-entropy that is spread over all classes.
    double label_smoothing = 0;
    /// Where given, receives the pass's attention weights, which it computes anyway.
    AttentionMaps* attention = nullptr;
};

}  // namespace mdn
