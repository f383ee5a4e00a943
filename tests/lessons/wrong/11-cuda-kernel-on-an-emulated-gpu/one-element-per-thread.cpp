// Task 1 says: is written by no thread
// There is no loop: with fewer threads than elements, the rest is left.
#define relu_kernel right_relu_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef relu_kernel

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    const int64_t i = first_index();
    if (i < count) y[i] = x[i] > 0 ? x[i] : 0;
}

}  // namespace mdn::lesson
