// Task 1 says: lies outside: x has 256 elements
// The loop goes on to count itself.
#define relu_kernel right_relu_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef relu_kernel

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    for (int64_t i = first_index(); i <= count; i += index_step()) y[i] = x[i] > 0 ? x[i] : 0;
}

}  // namespace mdn::lesson
