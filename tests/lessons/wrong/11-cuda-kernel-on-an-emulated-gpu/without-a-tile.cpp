// Task 4 says: threads that are neighbours must access neighbours in memory
// Straight from x to y: neighbours of a warp write far apart.
#define transpose_kernel right_transpose_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef transpose_kernel

namespace mdn::lesson {

__global__ void transpose_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int64_t left = int64_t{blockIdx.x} * 32, top = int64_t{blockIdx.y} * 32;
    for (int i = warp; i < 32; i += 8)
        if (top + i < rows && left + lane < columns)
            y[(left + lane) * rows + top + i] = x[(top + i) * columns + left + lane];
}

}  // namespace mdn::lesson
