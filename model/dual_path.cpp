#include "model/dual_path.h"

namespace mdn {

Path::Path(const Scope& scope, const Config& config, PathOrder order, DropoutSites& sites)
    : order(order),
      spatial(scope / "spatial", config, TokenAxis::entities, sites),
      temporal(scope / "temporal", config, TokenAxis::frames, sites),
      mlp(scope / "mlp", config.dim, config.dim, config.dim) {}

Tensor Path::forward(const Tensor& x, const ForwardOptions& options) const {
    if (order == PathOrder::st)  // X_st = Temporal-T(Spatial-T(X) + MLP_s(X))
        return temporal.forward(add(spatial.forward(x, options), mlp.forward(x)), options);
    // X_ts = Spatial-T(Temporal-T(X) + MLP_t(X))
    return spatial.forward(add(temporal.forward(x, options), mlp.forward(x)), options);
}

}  // namespace mdn
