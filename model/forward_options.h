// The options of one forward pass.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/communicator.h"
#include "engine/kernels.h"
#include "engine/tensor.h"

namespace mdn {

/// The attention weights of a pass: under a transformer's name in SPEC §7 ("st.spatial") a tensor
/// per layer, [B,S,heads,L,L]. Spatial-T: S = T sequences of L = K entities; Temporal-T: S = K
/// sequences of L = T frames. Row i is how much of each token i takes; rows sum to 1.
using AttentionMaps = std::map<std::string, std::vector<Tensor>>;

/// What the backward pass computes again of the backbone instead of keeping it. Gradients and
/// running statistics have the same bits whichever it is.
enum class Recompute {
    nothing,
    outputs,      // of blocks, by a pass over memory each (docs/engine.md)
    convolutions  // and each convolution, once: less memory, and a third more time
};

/// A pass over this rank's clips of a batch that several processes compute, in training.
struct RanksOptions {
    /// A rank without a clip passes one that stands in for it, and counts for nothing.
    BatchShare share = {};
    bool sync_batch_norm = false;  // statistics of all ranks' clips, instead of this rank's own
    bool gather_mac = false;       // MAC tells clips of all ranks apart, instead of this rank's own

    /// For a batch norm.
    NormRanks of_norms() const {
        return sync_batch_norm && share.is_part() ? NormRanks{share.over, share.clips}
                                                  : NormRanks{};
    }
};

struct ForwardOptions {
    /// Batch statistics (and updates of the running ones) instead of the running statistics.
    bool training = false;
    /// i64 [2], (seed, step), on the model's device: dropout is applied when given, and taken as 0
    /// when undefined (evaluation, trace, overfit).
    Tensor dropout_seed_and_step = {};
    /// In [0,1): part of each label's weight in the cross-entropy that is spread over all classes.
    double label_smoothing = 0;
    Recompute recompute = Recompute::outputs;
    /// Where given, receives the pass's attention weights, which it computes anyway.
    AttentionMaps* attention = nullptr;
    RanksOptions ranks = {};
};

}  // namespace mdn
