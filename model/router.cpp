#include "model/router.h"

namespace mdn {

Router::Router(const Scope& scope, const Config& config)
    : module(scope.module()),
      temperature(config.router_temperature),
      fc1_weight(scope.linear("fc1_weight",
                              {config.entity_count(), config.router_hidden, 2 * config.dim})),
      fc1_bias(scope.bias("fc1_bias", {config.entity_count(), config.router_hidden})),
      fc2_weight(scope.linear("fc2_weight", {config.entity_count(), 2, config.router_hidden})),
      fc2_bias(scope.bias("fc2_bias", {config.entity_count(), 2})) {}

Tensor Router::forward(const Tensor& st, const Tensor& ts) const {
    const ModuleScope in(module);
    // g[b,i] = [mean_t X_st ; mean_t X_ts]
    const Tensor g = concat(mean(st, 1), mean(ts, 1));
    // α[b,i] = softmax((W2_i GELU(W1_i g + b1_i) + b2_i)/τ)
    const Tensor hidden = gelu(grouped_linear(g, fc1_weight, fc1_bias));
    return in.output(softmax(grouped_linear(hidden, fc2_weight, fc2_bias), temperature));
}

}  // namespace mdn
