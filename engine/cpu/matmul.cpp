// C = alpha · op(A) · op(B): the matrix product as the contract asks for it.
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/cpu/gemm.h"

namespace mdn {

void CpuKernels::matmul(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b,
                        double alpha, Tensor& c) {
    with_float_type(c, [&]<class T>(T) {
        gemm<T>(transpose_a, transpose_b, c.dim(0), c.dim(1), a.dim(transpose_a ? 0 : 1),
                static_cast<T>(alpha), a.data<T>(), a.dim(1), b.data<T>(), b.dim(1), 0, c.data<T>(),
                c.dim(1));
    });
}

}  // namespace mdn
