// The options of one forward pass.
#pragma once

#include "engine/tensor.h"

namespace mdn {

struct ForwardOptions {
    /// Batch statistics (and updates of the running ones) instead of the running statistics.
    bool training = false;
    /// i64 [2], (seed, step), on the model's device: dropout is applied when given, and taken as 0
    /// when undefined (evaluation, trace, overfit).
    Tensor dropout_seed_and_step = {};
    /// In [0,1): part of each label's weight in the cross-entropy that is spread over all classes.
    double label_smoothing = 0;
};

}  // namespace mdn
