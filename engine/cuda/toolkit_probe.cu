// Compiled and linked by toolkit.mk to see whether the CUDA toolkit works; never run.
#include <cublas_v2.h>
#include <cuda_bf16.h>

__global__ void kernel(__nv_bfloat16* x) { x[threadIdx.x] = __float2bfloat16(1.f); }

int main() {
    cublasHandle_t handle;
    kernel<<<1, 1>>>(nullptr);
    return cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS ? 0 : 1;
}
