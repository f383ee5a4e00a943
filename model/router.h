// How much of each path an entity takes (SPEC §5).
#pragma once

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

/// A two-layer MLP of its own for every entity.
struct Router {
    ModuleName module;
    double temperature;
    Tensor fc1_weight, fc1_bias;  // [K,R,2D], [K,R]
    Tensor fc2_weight, fc2_bias;  // [K,2,R], [K,2]

    Router(const Scope& scope, const Config& config);
    /// X_st, X_ts [B,T,K,D] → α [B,K,2], index 0 = ST
    Tensor forward(const Tensor& st, const Tensor& ts) const;
};

}  // namespace mdn
