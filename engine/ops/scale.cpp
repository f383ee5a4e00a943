// y = factor·x;  dx = factor·dy.
// Kernels: engine/cpu/elementwise.cpp, engine/cuda/elementwise.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor scale(const Tensor& x, double factor) {
    require_float("scale", "x", x);
    Tensor y = empty_like(x);
    kernels(x).scale(x, factor, y);
    return record("scale", y, {x}, [factor](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).scale(dy, factor, dx);
        return {dx};
    });
}

}  // namespace mdn
