// Pre-norm transformer encoder over one axis of tokens [B,T,K,D] (SPEC §5).
#pragma once

#include <vector>

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

struct EncoderLayer {
    ModuleName module;
    int64_t heads;
    LayerNorm norm1;
    Linear qkv, proj;
    LayerNorm norm2;
    Mlp mlp;
    Dropout attention_dropout, mlp_dropout;

    EncoderLayer(const Scope& scope, const Config& config, DropoutSites& sites);
    /// [B,T,K,D] → [B,T,K,D]; `weights` as attention() has it.
    Tensor forward(const Tensor& x, TokenAxis axis, const ForwardOptions& options,
                   Tensor* weights = nullptr) const;
};

/// Spatial-T when it attends over the entities of a frame, Temporal-T over the frames of an
/// entity: all else is per token, so the axis is their only difference.
struct Encoder {
    ModuleName module;
    TokenAxis axis;
    std::vector<EncoderLayer> layers;
    LayerNorm norm;

    Encoder(const Scope& scope, const Config& config, TokenAxis axis, DropoutSites& sites);
    /// [B,T,K,D] → [B,T,K,D]
    Tensor forward(const Tensor& x, const ForwardOptions& options) const;
};

}  // namespace mdn
