// Task 4 says: which lies outside: the launch asked for 1056 floats of shared memory
// The rows of the tile lie 64 apart.
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
            tile[i * 64 + lane] = x[(top + i) * columns + left + lane];
    __syncthreads();
    for (int i = warp; i < 32; i += 8)
        if (left + i < columns && top + lane < rows)
            y[(left + i) * rows + top + lane] = tile[lane * 64 + i];
}

}  // namespace mdn::lesson
