// Task 1 says: y[64], and block 1 writes it too
// The step is the size of a block, and not of the grid.
#define relu_kernel right_relu_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef relu_kernel

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    for (int64_t i = first_index(); i < count; i += blockDim.x) y[i] = x[i] > 0 ? x[i] : 0;
}

}  // namespace mdn::lesson
