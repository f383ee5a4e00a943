// C = alpha · op(A) · op(B): the matrix product as the contract asks for it.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/gemm.h"

namespace mdn {

void CudaKernels::matmul(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b,
                         double alpha, Tensor& c) {
    const int64_t k = a.dim(transpose_a ? 0 : 1);
    if (k == 0) return fill(0, c);  // cuBLAS takes no rows without elements
    with_activation_type(c, [&]<class T>(T) {
        cuda_gemm(CudaProduct{.m = c.dim(0),
                              .n = c.dim(1),
                              .k = k,
                              .transpose_a = transpose_a,
                              .transpose_b = transpose_b,
                              .lda = a.dim(1),
                              .ldb = b.dim(1),
                              .ldc = c.dim(1),
                              .alpha = static_cast<float>(alpha)},
                  elements<T>(a), elements<T>(b), elements<T>(c));
    });
}

}  // namespace mdn
