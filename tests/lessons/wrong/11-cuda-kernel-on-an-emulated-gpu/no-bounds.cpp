// Task 1 says: reads x[256], which lies outside: x has 256 elements
// Every thread takes an element before it asks whether there is one.
#define relu_kernel right_relu_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef relu_kernel

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    int64_t i = first_index();
    do {
        y[i] = x[i] > 0 ? x[i] : 0;
        i += index_step();
    } while (i < count);
}

}  // namespace mdn::lesson
