// The two orders of looking at a clip: across entities then along time, and the reverse (SPEC §5).
#pragma once

#include "model/transformer.h"

namespace mdn {

/// ST: space first; TS: time first.
enum class PathOrder { st, ts };

struct Path {
    ModuleName module;
    PathOrder order;
    Encoder spatial, temporal;
    Mlp mlp;

    Path(const Scope& scope, const Config& config, PathOrder order, DropoutSites& sites);
    /// X [B,T,K,D] → X_st or X_ts [B,T,K,D]
    Tensor forward(const Tensor& x, const ForwardOptions& options) const;
};

}  // namespace mdn
