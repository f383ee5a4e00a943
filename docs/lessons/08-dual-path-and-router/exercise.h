// What the exercise of lesson 8 and its checks share.
#pragma once

#include <functional>

#include "engine/tensor.h"

namespace mdn::lesson {

/// The three parts of a path, each [B,T,K,D] → [B,T,K,D].
struct PathParts {
    std::function<Tensor(const Tensor&)> spatial, temporal, mlp;
};

/// The router's parameters: a two-layer MLP per entity, with R hidden numbers.
struct RouterWeights {
    Tensor fc1_weight, fc1_bias;  // W1 [K,R,2D] and b1 [K,R]
    Tensor fc2_weight, fc2_bias;  // W2 [K,2,R] and b2 [K,2]
};

struct MixGradients {
    Tensor st, ts, alpha;
};

}  // namespace mdn::lesson
