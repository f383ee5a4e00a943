#include <cublas_v2.h>
#include <cuda_bf16.h>

#include <bit>
#include <vector>

#include "engine/cpu/gemm.h"
#include "engine/cuda/tensor_core.h"

namespace {

/// A column-major matrix is its transpose in row-major order, so `outer` is its stored columns.
/// Floats are rounded as a product in TF32 would.
std::vector<float> read(const void* data, cudaDataType_t type, int64_t outer, int64_t inner,
                        int64_t stride, bool tf32 = false) {
    std::vector<float> values(outer * inner);
    for (int64_t i = 0; i < outer; ++i)
        for (int64_t j = 0; j < inner; ++j)
            values[i * inner + j] =
                type == CUDA_R_32F
                    ? static_cast<const float*>(data)[i * stride + j]
                    : __bfloat162float(static_cast<const __nv_bfloat16*>(data)[i * stride + j]);
    if (tf32)
        for (float& value : values)
            value = std::bit_cast<float>(mdn::to_tf32(std::bit_cast<uint32_t>(value)));
    return values;
}

const void* advance(const void* data, cudaDataType_t type, int64_t elements) {
    return static_cast<const char*>(data) + elements * (type == CUDA_R_32F ? 4 : 2);
}

}  // namespace

cublasStatus_t cublasCreate(cublasHandle_t* handle) {
    *handle = new cudaStream_t(nullptr);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
    *handle = stream;
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, size_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
const char* cublasGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "invalid value";
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                            int m, int n, int k, const void* alpha, const void* a,
                            cudaDataType_t type_a, int lda, const void* b, cudaDataType_t type_b,
                            int ldb, const void* beta, void* c, cudaDataType_t type_c, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t algorithm) {
    return cublasGemmStridedBatchedEx(handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, 0, b,
                                      type_b, ldb, 0, beta, c, type_c, ldc, 0, 1, compute,
                                      algorithm);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t op_a,
                                          cublasOperation_t op_b, int m, int n, int k,
                                          const void* alpha, const void* a, cudaDataType_t type_a,
                                          int lda, long long stride_a, const void* b,
                                          cudaDataType_t type_b, int ldb, long long stride_b,
                                          const void* beta, void* c, cudaDataType_t type_c, int ldc,
                                          long long stride_c, int count,
                                          cublasComputeType_t compute, cublasGemmAlgo_t) {
    const bool transpose_a = op_a == CUBLAS_OP_T, transpose_b = op_b == CUBLAS_OP_T;
    if (m < 0 || n < 0 || k < 0 || lda < (transpose_a ? k : m) || ldb < (transpose_b ? n : k) ||
        ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    const bool tf32 = compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    const float scale = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
    mdn::emulation::enqueue(*handle, [=] {
        for (int i = 0; i < count; ++i) {
            const void* from_a = advance(a, type_a, i * stride_a);
            const void* from_b = advance(b, type_b, i * stride_b);
            void* to = const_cast<void*>(advance(c, type_c, i * stride_c));
            const int64_t inner_a = transpose_a ? k : m, inner_b = transpose_b ? n : k;
            const std::vector<float> left =
                read(from_a, type_a, transpose_a ? m : k, inner_a, lda, tf32);
            const std::vector<float> right =
                read(from_b, type_b, transpose_b ? k : n, inner_b, ldb, tf32);
            std::vector<float> sum = keep != 0 ? read(to, type_c, n, m, ldc)
                                               : std::vector<float>(static_cast<size_t>(m) * n);
            // Row-major: Cᵀ [n,m] = op(B)ᵀ · op(A)ᵀ.
            mdn::gemm<float>(transpose_b, transpose_a, n, m, k, scale, right.data(), inner_b,
                             left.data(), inner_a, keep, sum.data(), m);
            for (int64_t column = 0; column < n; ++column)
                for (int64_t row = 0; row < m; ++row) {
                    const float value = sum[column * m + row];
                    if (type_c == CUDA_R_32F)
                        static_cast<float*>(to)[column * ldc + row] = value;
                    else
                        static_cast<__nv_bfloat16*>(to)[column * ldc + row] =
                            __float2bfloat16(value);
                }
        }
    });
    return CUBLAS_STATUS_SUCCESS;
}
