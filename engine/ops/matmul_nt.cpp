// y = alpha·a bᵀ;  da = alpha·dy b, db = alpha·dyᵀ a.
// Kernels: engine/cpu/matmul.cpp, engine/cuda/matmul.cu.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor matmul_nt(const Tensor& a, const Tensor& b, double alpha) {
    require_float("matmul_nt", "a", a, 2);
    require_float("matmul_nt", "b", b, 2);
    require(a.dim(1) == b.dim(1), "matmul_nt",
            "a " + to_string(a.shape()) + " and b " + to_string(b.shape()) +
                " must have rows of one length");
    require_shape("matmul_nt", "b", b, b.shape(), a);
    Tensor y = empty_as(a, {a.dim(0), b.dim(0)});
    kernels(a).matmul(a, false, b, true, alpha, y);
    return record("matmul_nt", y, {a, b}, [a, b, alpha](const Tensor& dy) -> Gradients {
        Tensor da, db;
        if (a.requires_grad()) kernels(dy).matmul(dy, false, b, false, alpha, da = empty_like(a));
        if (b.requires_grad()) kernels(dy).matmul(dy, true, a, false, alpha, db = empty_like(b));
        return {da, db};
    });
}

}  // namespace mdn
