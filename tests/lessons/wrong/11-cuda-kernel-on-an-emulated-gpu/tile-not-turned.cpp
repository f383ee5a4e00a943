// Task 4 says: order, y[0, 1] is
// The tile is read the way it was written.
#define transpose_kernel right_transpose_kernel
#include "tests/lessons/solutions/11-cuda-kernel-on-an-emulated-gpu.cpp"
#undef transpose_kernel

namespace mdn::lesson {

__global__ void transpose_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    float* tile = dynamic_shared<float>();
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int64_t left = int64_t{blockIdx.x} * 32, top = int64_t{blockIdx.y} * 32;
    for (int i = warp; i < 32; i += 8)
        if (top + i < rows && left + lane < columns)
            tile[i * 33 + lane] = x[(top + i) * columns + left + lane];
    __syncthreads();
    for (int i = warp; i < 32; i += 8)
        if (left + i < columns && top + lane < rows)
            y[(left + i) * rows + top + lane] = tile[i * 33 + lane];
}

}  // namespace mdn::lesson
