#include "model/dual_path.h"

namespace mdn {

Path::Path(const Scope& scope, const Config& config, PathOrder order, DropoutSites& sites)
    : module(scope.module()),
      order(order),
      spatial(scope / "spatial", config, TokenAxis::entities, sites),
      temporal(scope / "temporal", config, TokenAxis::frames, sites),
      mlp(scope / "mlp", config.dim, config.dim, config.dim) {}

Tensor Path::forward(const Tensor& x, const ForwardOptions& options) const {
    const ModuleScope in(module);
    const Tensor shortcut = mlp.forward(x);
    if (order == PathOrder::st)  // X_st = Temporal-T(Spatial-T(X) + MLP_s(X))
        return in.output(temporal.forward(add(spatial.forward(x, options), shortcut), options));
    // X_ts = Spatial-T(Temporal-T(X) + MLP_t(X))
    return in.output(spatial.forward(add(temporal.forward(x, options), shortcut), options));
}

}  // namespace mdn
