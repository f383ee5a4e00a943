// What the exercise of lesson 10 and its checks share.
#pragma once

#include <cstdint>

#include "engine/tensor.h"

namespace mdn::lesson {

struct CrossEntropy {
    Tensor loss;      // [1]
    Tensor gradient;  // [N,C]: of the loss, with respect to the logits
};

struct AdamW {
    double learning_rate, weight_decay;
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

/// A tensor that is trained, and what AdamW remembers of it: three tensors of one shape and dtype.
struct Trained {
    Tensor value;
    Tensor first, second;  // the moments, zeros before the first update
    int64_t steps = 0;     // updates so far
};

struct WarmupCosine {
    double base, floor;  // the highest and the last rate
    int64_t warmup_steps, total_steps;
};

struct Scores {
    Tensor confusion;           // i64 [C,C]: row is the truth, column the prediction
    Tensor accuracy;            // f64 [C], percent
    double f1_macro, f1_micro;  // percent
};

}  // namespace mdn::lesson
