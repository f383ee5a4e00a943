// Task 2 says: with x = f32 [1, 64], 1 block of 32 threads:
// Columns beyond the number of threads are left out.
#define row_sums_kernel right_row_sums_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef row_sums_kernel

namespace mdn::lesson {

__global__ void row_sums_kernel(int64_t columns, const float* x, float* y) {
    float* shared = dynamic_shared<float>();
    const int t = threadIdx.x, n = blockDim.x;
    x += blockIdx.x * columns;
    float sum = 0;
    if (t < columns) sum = x[t];
    shared[t] = sum;
    __syncthreads();
    for (int half = n / 2; half > 0; half /= 2) {
        if (t < half) shared[t] += shared[t + half];
        __syncthreads();
    }
    if (t == 0) y[blockIdx.x] = shared[0];
}

}  // namespace mdn::lesson
