// y[n,g] = W_g x[n,g] + b_g;  dx[n,g] = W_gᵀ dy[n,g], dW_g = Σ_n dy[n,g] x[n,g]ᵀ, db = Σ_n dy.
// Kernels: engine/cpu/linear.cpp, engine/cuda/linear.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor grouped_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    require_float("grouped_linear", "x", x, 3);
    require_float("grouped_linear", "weight", weight, 3);
    require(x.dim(1) == weight.dim(0) && x.dim(2) == weight.dim(2), "grouped_linear",
            "x " + to_string(x.shape()) + " does not fit weight " + to_string(weight.shape()));
    require_parameter("grouped_linear", "weight", weight, weight.shape(), x);
    require_parameter("grouped_linear", "bias", bias, {weight.dim(0), weight.dim(1)}, x);
    Tensor y = empty_as(x, {x.dim(0), x.dim(1), weight.dim(1)});
    kernels(x).grouped_linear_forward(x, weight, bias, y);
    return record("grouped_linear", y, {x, weight, bias},
                  [x = x.detach(), weight = weight.detach()](const Tensor& dy) -> Gradients {
                      Tensor dx = empty_like(x), dweight = empty_like(weight);
                      Tensor dbias = empty_as(weight, {weight.dim(0), weight.dim(1)});
                      kernels(dy).grouped_linear_backward(x, weight, dy, dx, dweight, dbias);
                      return {dx, dweight, dbias};
                  });
}

}  // namespace mdn
