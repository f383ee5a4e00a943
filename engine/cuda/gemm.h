// Row-major matrix products through cuBLAS.
#pragma once

#include "engine/cuda/dispatch.h"

namespace mdn {

/// C = alpha·op(A)·op(B) + beta·C, row-major, for each of `count` products whose operands lie
/// stride_a, stride_b and stride_c elements apart. op(A) [m,k] is A, or, if transpose_a, A stored
/// as [k,m]; likewise op(B) [k,n]. lda, ldb, ldc: distances between stored rows, in elements.
struct CudaProduct {
    int64_t m, n, k;
    bool transpose_a = false, transpose_b = false;
    int64_t lda, ldb, ldc;
    float alpha = 1, beta = 0;
    int64_t count = 1, stride_a = 0, stride_b = 0, stride_c = 0;
};

/// A and B of T (float or bf16), C of Out (T or float); sums in float. Throws Error when a size is
/// beyond what cuBLAS takes.
template <class T, class Out>
void cuda_gemm(const CudaProduct& product, const T* a, const T* b, Out* c);

/// `parameter` (f32) as the factor of a product with activations of `dtype`: itself, or its bf16
/// copy, made here where its owner keeps none.
Tensor as_factor(const Tensor& parameter, DType dtype);

}  // namespace mdn
