// y = a ⊙ b;  da = dy ⊙ b, db = dy ⊙ a.
// Kernels: engine/cpu/elementwise.cpp, engine/cuda/elementwise.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor multiply(const Tensor& a, const Tensor& b) {
    require_float("multiply", "a", a);
    require_shape("multiply", "b", b, a.shape(), a);
    Tensor y = empty_like(a);
    kernels(a).multiply(a, b, y);
    return record("multiply", y, {a, b}, [a, b](const Tensor& dy) -> Gradients {
        Tensor da, db;
        if (a.requires_grad()) kernels(dy).multiply(dy, b, da = empty_like(a));
        if (b.requires_grad()) kernels(dy).multiply(dy, a, db = empty_like(b));
        return {da, db};
    });
}

}  // namespace mdn
