// y = Σ x;  dx = dy everywhere.
// Kernels: engine/cpu/memory.cpp, engine/cuda/memory.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor sum(const Tensor& x) {
    require_float("sum", "x", x);
    Tensor y = empty_as(x, {1});
    kernels(x).sum(x, y);
    return record("sum", y, {x}, [shape = x.shape()](const Tensor& dy) -> Gradients {
        return {Tensor::full(shape, dy.item(), dy.dtype(), dy.device())};
    });
}

}  // namespace mdn
