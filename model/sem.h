// Semantic entity module: what the backbone sees inside each entity's box (SPEC §4).
#pragma once

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

struct Sem {
    ModuleName module;
    int64_t size, bins;
    Tensor depthwise;  // [3,3,C]
    BatchNorm bn1;
    Convolution pointwise;
    BatchNorm bn2;
    Tensor entity_embedding;  // [K,D]
    Tensor frame_embedding;   // [T,D]

    Sem(const Scope& scope, const Config& config);
    /// features [B·T,H,W,C], boxes [B,T,K,4] in pixels → X [B,T,K,D]
    Tensor forward(const Tensor& features, const Tensor& boxes, const ForwardOptions& options);
};

}  // namespace mdn
