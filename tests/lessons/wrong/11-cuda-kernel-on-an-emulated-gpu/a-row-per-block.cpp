// Task 3 says: with x = f32 [4, 32], 1 block of 128 threads:
// All warps of a block take the same row.
#define row_maxima_kernel right_row_maxima_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef row_maxima_kernel

namespace mdn::lesson {

__global__ void row_maxima_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = blockIdx.x;
    float top = -INFINITY;
    for (int64_t c = lane; c < columns; c += warp_threads) top = fmaxf(top, x[row * columns + c]);
    for (int distance = warp_threads / 2; distance > 0; distance /= 2)
        top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
    if (threadIdx.x == 0 && row < rows) y[row] = top;
}

}  // namespace mdn::lesson
