// Task 3 says: order, y[
// The last exchange, with distance 1, is missing.
#define row_maxima_kernel right_row_maxima_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef row_maxima_kernel

namespace mdn::lesson {

__global__ void row_maxima_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = first_index() / warp_threads;
    if (row >= rows) return;
    float top = -INFINITY;
    for (int64_t c = lane; c < columns; c += warp_threads) top = fmaxf(top, x[row * columns + c]);
    for (int distance = warp_threads / 2; distance > 1; distance /= 2)
        top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
    if (lane == 0) y[row] = top;
}

}  // namespace mdn::lesson
