// y = γ ⊙ x̂ + β, x̂ = (x − mean)/√(var + eps) over the last axis;
// dx = (h − mean(h) − x̂·mean(h ⊙ x̂))/σ with h = γ ⊙ dy, dγ = Σ_rows dy ⊙ x̂, dβ = Σ_rows dy.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps) {
    require_float("layer_norm", "x", x);
    require(x.rank() >= 1 && x.dim(-1) > 0, "layer_norm",
            "no last axis in " + to_string(x.shape()));
    require_positive("layer_norm", "eps", eps, x);
    const int64_t width = x.dim(-1);
    const Shape rows = {x.numel() / width, width};
    require_parameter("layer_norm", "gamma", gamma, {width}, x);
    require_parameter("layer_norm", "beta", beta, {width}, x);
    Tensor y = empty_like(x), mean = empty_parameter_as(x, {rows[0]}), inv_std = empty_like(mean);
    Tensor y_rows = y.view(rows);
    kernels(x).layer_norm_forward(x.view(rows), gamma, beta, eps, y_rows, mean, inv_std);
    return record("layer_norm", y, {x, gamma, beta},
                  [x_rows = x.view(rows), gamma = gamma.detach(), mean, inv_std,
                   rows](const Tensor& dy) -> Gradients {
                      Tensor dx = empty_like(dy), dx_rows = dx.view(rows);
                      Tensor dgamma = empty_like(gamma), dbeta = empty_like(gamma);
                      kernels(dy).layer_norm_backward(x_rows, gamma, mean, inv_std, dy.view(rows),
                                                      dx_rows, dgamma, dbeta);
                      return {dx, dgamma, dbeta};
                  });
}

}  // namespace mdn
