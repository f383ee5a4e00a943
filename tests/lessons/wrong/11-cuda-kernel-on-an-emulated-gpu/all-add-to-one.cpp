// Task 2 says: writes y[0], and thread 1 reads it with no __syncthreads() between
// All threads add to one element at once: on a GPU, most of the sums would be lost.
#define row_sums_kernel right_row_sums_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef row_sums_kernel

namespace mdn::lesson {

__global__ void row_sums_kernel(int64_t columns, const float* x, float* y) {
    const int t = threadIdx.x;
    if (t == 0) y[blockIdx.x] = 0;
    __syncthreads();
    for (int64_t c = t; c < columns; c += blockDim.x) y[blockIdx.x] += x[blockIdx.x * columns + c];
}

}  // namespace mdn::lesson
