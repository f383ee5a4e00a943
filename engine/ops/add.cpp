// y = a + b;  da = db = dy.
// Kernels: engine/cpu/elementwise.cpp, engine/cuda/elementwise.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor add(const Tensor& a, const Tensor& b) {
    require_float("add", "a", a);
    require_shape("add", "b", b, a.shape(), a);
    Tensor y = empty_like(a);
    kernels(a).add(a, b, y);
    return record("add", y, {a, b}, [](const Tensor& dy) -> Gradients { return {dy, dy}; });
}

}  // namespace mdn
