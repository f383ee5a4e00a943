#include "docs/lessons/11-cuda-kernel-on-an-emulated-gpu/exercise.h"
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y) {
    for (int64_t i = first_index(); i < count; i += index_step()) y[i] = x[i] > 0 ? x[i] : 0;
}

__global__ void row_sums_kernel(int64_t columns, const float* x, float* y) {
    float* shared = dynamic_shared<float>();
    const int t = threadIdx.x, n = blockDim.x;
    x += blockIdx.x * columns;
    float sum = 0;
    for (int64_t c = t; c < columns; c += n) sum += x[c];
    shared[t] = sum;
    __syncthreads();
    for (int half = n / 2; half > 0; half /= 2) {
        if (t < half) shared[t] += shared[t + half];
        __syncthreads();
    }
    if (t == 0) y[blockIdx.x] = shared[0];
}

__global__ void row_maxima_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = first_index() / warp_threads;
    if (row >= rows) return;  // the whole warp does
    x += row * columns;
    float top = -INFINITY;
    for (int64_t c = lane; c < columns; c += warp_threads) top = fmaxf(top, x[c]);
    for (int distance = warp_threads / 2; distance > 0; distance /= 2)
        top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
    if (lane == 0) y[row] = top;
}

__global__ void transpose_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    constexpr int side = 32, pitch = 33;
    float* tile = dynamic_shared<float>();
    const int lane = threadIdx.x % side, warp = threadIdx.x / side, warps = blockDim.x / side;
    const int64_t left = int64_t{blockIdx.x} * side, top = int64_t{blockIdx.y} * side;
    for (int i = warp; i < side; i += warps)
        if (top + i < rows && left + lane < columns)
            tile[i * pitch + lane] = x[(top + i) * columns + left + lane];
    __syncthreads();
    for (int i = warp; i < side; i += warps)
        if (left + i < columns && top + lane < rows)
            y[(left + i) * rows + top + lane] = tile[lane * pitch + i];
}

}  // namespace mdn::lesson
