// Mean over the middle axis of [outer,axis,inner], and its gradient spread back.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"

namespace mdn {

namespace {

constexpr int warps_per_block = block_threads / warp_threads;

/// A block computes 32 neighbouring means, a lane each, so that loads are of whole lines. Its warps
/// share the axis, warp w taking rows w, w + warps, ...; then the warps' sums are added in order.
template <class T>
__global__ void mean_kernel(int64_t axis, int64_t inner, int64_t blocks_across, const T* x, T* y) {
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int64_t outer = blockIdx.x / blocks_across;
    const int64_t column = blockIdx.x % blocks_across * warp_threads + lane;
    float total = 0;
    if (column < inner)
        for (int64_t n = warp; n < axis; n += warps_per_block)
            total += to_float(x[(outer * axis + n) * inner + column]);
    float* totals = dynamic_shared<float>();  // [warps, lanes]
    totals[threadIdx.x] = total;
    __syncthreads();
    if (warp > 0 || column >= inner) return;
    for (int w = 1; w < warps_per_block; ++w) total += totals[w * warp_threads + lane];
    y[outer * inner + column] = from_float<T>(total / static_cast<float>(axis));
}

/// A warp writes one row of dx.
template <class T>
__global__ void mean_backward_kernel(int64_t rows, int64_t axis, int64_t inner, const T* dy,
                                     T* dx) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * warps_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    const float factor = 1 / static_cast<float>(axis);
    for (int64_t c = lane; c < inner; c += warp_threads)
        dx[row * inner + c] = from_float<T>(factor * to_float(dy[row / axis * inner + c]));
}

}  // namespace

void CudaKernels::mean_forward(const Tensor& x, Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        const int64_t blocks_across = ceil_divide(x.dim(2), warp_threads);
        launch(mean_kernel<T>, blocks_for(x.dim(0) * blocks_across), block_threads,
               block_threads * sizeof(float), x.dim(1), x.dim(2), blocks_across, elements<T>(x),
               elements<T>(y));
    });
}

void CudaKernels::mean_backward(const Tensor& dy, Tensor& dx) {
    with_activation_type(dy, [&]<class T>(T) {
        const int64_t rows = dx.dim(0) * dx.dim(1);
        launch(mean_backward_kernel<T>, blocks_for(rows, warps_per_block), block_threads, 0, rows,
               dx.dim(1), dx.dim(2), elements<T>(dy), elements<T>(dx));
    });
}

}  // namespace mdn
