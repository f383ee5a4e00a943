// y = max(x, 0), NaN where x is;  dx = 0 where x <= 0, else dy: a NaN passes it on, as in PyTorch,
// and so shows in the gradients.
// Kernels: engine/cpu/elementwise.cpp, engine/cuda/elementwise.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor relu(const Tensor& x) {
    require_float("relu", "x", x);
    Tensor y = empty_like(x);
    kernels(x).relu_forward(x, y);
    return record("relu", y, {x}, [x = x.detach()](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).relu_backward(x, dy, dx);
        return {dx};
    });
}

}  // namespace mdn
