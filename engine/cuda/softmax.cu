// Softmax of rows, a warp each, shifted by their largest element so that no exponential overflows.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

template <class T>
__global__ void softmax_kernel(int64_t rows, int64_t classes, const T* x, float inverse, T* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;  // the whole warp does
    x += row * classes;
    y += row * classes;
    float top = -INFINITY;
    for (int64_t c = lane; c < classes; c += warp_threads) top = fmaxf(top, to_float(x[c]));
    top = warp_max(top);
    float total = 0;
    for (int64_t c = lane; c < classes; c += warp_threads)
        total += expf((to_float(x[c]) - top) * inverse);
    total = warp_sum(total);
    for (int64_t c = lane; c < classes; c += warp_threads)
        y[c] = from_float<T>(expf((to_float(x[c]) - top) * inverse) / total);
}

template <class T>
__global__ void softmax_backward_kernel(int64_t rows, int64_t classes, const T* y, const T* dy,
                                        float inverse, T* dx) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    y += row * classes;
    dy += row * classes;
    dx += row * classes;
    float along = 0;
    for (int64_t c = lane; c < classes; c += warp_threads)
        along += to_float(dy[c]) * to_float(y[c]);
    along = warp_sum(along);
    for (int64_t c = lane; c < classes; c += warp_threads)
        dx[c] = from_float<T>(to_float(y[c]) * (to_float(dy[c]) - along) * inverse);
}

}  // namespace

void CudaKernels::softmax_forward(const Tensor& x, double temperature, Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        launch(softmax_kernel<T>, blocks_for(x.dim(0), rows_per_block), block_threads, 0, x.dim(0),
               x.dim(1), elements<T>(x), 1 / temperature, elements<T>(y));
    });
}

void CudaKernels::softmax_backward(const Tensor& y, const Tensor& dy, double temperature,
                                   Tensor& dx) {
    with_activation_type(y, [&]<class T>(T) {
        launch(softmax_backward_kernel<T>, blocks_for(y.dim(0), rows_per_block), block_threads, 0,
               y.dim(0), y.dim(1), elements<T>(y), elements<T>(dy), 1 / temperature,
               elements<T>(dx));
    });
}

}  // namespace mdn
