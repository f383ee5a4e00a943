#include "engine/cuda/gemm.h"

#include <string>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/tf32.h"
#include "engine/rounded_weights.h"

namespace mdn {

namespace {

bool tf32_allowed = false;

template <class T>
constexpr cudaDataType_t cublas_type = sizeof(T) == sizeof(float) ? CUDA_R_32F : CUDA_R_16BF;

int cublas_size(int64_t size) {
    if (size > INT32_MAX)
        throw Error("[cuda] a matrix product of size " + std::to_string(size) +
                    " is more than cuBLAS takes");
    return static_cast<int>(size);
}

}  // namespace

void set_tf32_allowed(bool allowed) { tf32_allowed = allowed; }

void CudaKernels::allow_tf32() { set_tf32_allowed(true); }

bool tf32_is_allowed() { return tf32_allowed; }

template <class T, class Out>
void cuda_gemm(const CudaProduct& p, const T* a, const T* b, Out* c) {
    if (p.m == 0 || p.n == 0 || p.count == 0) return;
    const bool tf32 = tf32_allowed && sizeof(T) == sizeof(float);
    const cublasComputeType_t compute = tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const cublasOperation_t op_a = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t op_b = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    if (launch_observer) launch_observer->product_begins();
    const cublasHandle_t cublas = cuda_context().cublas();
    const int m = cublas_size(p.m), n = cublas_size(p.n), k = cublas_size(p.k);
    const int lda = cublas_size(p.lda), ldb = cublas_size(p.ldb), ldc = cublas_size(p.ldc);
    // cuBLAS is column-major: what it sees are the transposes, so it computes Cᵀ = op(B)ᵀ·op(A)ᵀ.
    // A single product is not a batch of one: only alone may it be cut along k, which the weight
    // gradients of convolutions, with few rows and columns and a very long k, depend on.
    check(p.count == 1
              ? cublasGemmEx(cublas, op_b, op_a, n, m, k, &p.alpha, b, cublas_type<T>, ldb, a,
                             cublas_type<T>, lda, &p.beta, c, cublas_type<Out>, ldc, compute,
                             CUBLAS_GEMM_DEFAULT)
              : cublasGemmStridedBatchedEx(cublas, op_b, op_a, n, m, k, &p.alpha, b, cublas_type<T>,
                                           ldb, p.stride_b, a, cublas_type<T>, lda, p.stride_a,
                                           &p.beta, c, cublas_type<Out>, ldc, p.stride_c,
                                           cublas_size(p.count), compute, CUBLAS_GEMM_DEFAULT),
          "a matrix product");
    if (launch_observer) launch_observer->product_ends();
}

template void cuda_gemm<float, float>(const CudaProduct&, const float*, const float*, float*);
template void cuda_gemm<bf16, bf16>(const CudaProduct&, const bf16*, const bf16*, bf16*);
template void cuda_gemm<bf16, float>(const CudaProduct&, const bf16*, const bf16*, float*);

Tensor as_factor(const Tensor& parameter, DType dtype) {
    if (parameter.dtype() == dtype) return parameter;
    const Tensor kept = rounded_copy_of(parameter);
    return kept.defined() ? kept : parameter.to(dtype);
}

}  // namespace mdn
