// Task 1 says: and block 1 writes it too
// The number of the block is forgotten: all blocks take the same elements.
#define relu_kernel right_relu_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef relu_kernel

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x) y[i] = x[i] > 0 ? x[i] : 0;
}

}  // namespace mdn::lesson
