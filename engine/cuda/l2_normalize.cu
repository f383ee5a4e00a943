// Rows divided by max(‖row‖, eps), a warp each.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

/// What a row of this length is divided by. fmaxf would take eps for a length that is NaN.
__device__ float divisor(float length, float eps) { return length <= eps ? eps : length; }

template <class T>
__global__ void l2_normalize_kernel(int64_t rows, int64_t width, const T* x, float eps, T* y,
                                    float* norm) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    x += row * width;
    y += row * width;
    float squares = 0;
    for (int64_t d = lane; d < width; d += warp_threads) squares += to_float(x[d]) * to_float(x[d]);
    const float length = sqrtf(warp_sum(squares));
    const float inverse = 1 / divisor(length, eps);
    for (int64_t d = lane; d < width; d += warp_threads)
        y[d] = from_float<T>(to_float(x[d]) * inverse);
    if (lane == 0) norm[row] = length;
}

template <class T>
__global__ void l2_normalize_backward_kernel(int64_t rows, int64_t width, const T* y,
                                             const float* norm, float eps, const T* dy, T* dx) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    y += row * width;
    dy += row * width;
    dx += row * width;
    float along = 0;
    for (int64_t d = lane; d < width; d += warp_threads) along += to_float(y[d]) * to_float(dy[d]);
    along = warp_sum(along);
    const float length = norm[row];
    if (length <= eps) along = 0;  // a row shorter than eps was divided by a constant
    const float inverse = 1 / divisor(length, eps);
    for (int64_t d = lane; d < width; d += warp_threads)
        dx[d] = from_float<T>((to_float(dy[d]) - to_float(y[d]) * along) * inverse);
}

}  // namespace

void CudaKernels::l2_normalize_forward(const Tensor& x, double eps, Tensor& y, Tensor& norm) {
    with_activation_type(x, [&]<class T>(T) {
        launch(l2_normalize_kernel<T>, blocks_for(x.dim(0), rows_per_block), block_threads, 0,
               x.dim(0), x.dim(1), elements<T>(x), eps, elements<T>(y), norm.data<float>());
    });
}

void CudaKernels::l2_normalize_backward(const Tensor& y, const Tensor& norm, double eps,
                                        const Tensor& dy, Tensor& dx) {
    with_activation_type(y, [&]<class T>(T) {
        launch(l2_normalize_backward_kernel<T>, blocks_for(y.dim(0), rows_per_block), block_threads,
               0, y.dim(0), y.dim(1), elements<T>(y), norm.data<float>(), eps, elements<T>(dy),
               elements<T>(dx));
    });
}

}  // namespace mdn
