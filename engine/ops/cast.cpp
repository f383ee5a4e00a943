// y = x in another floating dtype;  dx = dy in that of x.
// Kernels: engine/cpu/memory.cpp, engine/cuda/memory.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor cast(const Tensor& x, DType dtype) {
    require_float("cast", "x", x);
    if (x.dtype() == dtype) return x;
    return record("cast", x.to(dtype), {x},
                  [from = x.dtype()](const Tensor& dy) -> Gradients { return {dy.to(from)}; });
}

}  // namespace mdn
