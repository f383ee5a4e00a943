// Layer norm of rows, a warp each: two passes a row, so that no large mean cancels in the variance.
// The passes after the first find the row in cache.
#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/pack.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

/// Lanes take neighbouring packs of n numbers of a row.
template <class T, int n>
__global__ void layer_norm_kernel(int64_t rows, int64_t width, const T* x, const float* gamma,
                                  const float* beta, float eps, T* y, float* mean, float* inv_std) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;  // the whole warp does
    x += row * width;
    y += row * width;
    float total = 0, squares = 0, values[n];
    for (int64_t d = lane * n; d < width; d += warp_threads * n) {
        load(x + d, values);
        for (const float value : values) total += value;
    }
    const float mu = warp_sum(total) / width;
    for (int64_t d = lane * n; d < width; d += warp_threads * n) {
        load(x + d, values);
        for (const float value : values) squares += (value - mu) * (value - mu);
    }
    const float inv = 1 / sqrtf(warp_sum(squares) / width + eps);
    for (int64_t d = lane * n; d < width; d += warp_threads * n) {
        load(x + d, values);
        for (int i = 0; i < n; ++i) values[i] = (values[i] - mu) * inv * gamma[d + i] + beta[d + i];
        store(values, y + d);
    }
    if (lane == 0) {
        mean[row] = mu;
        inv_std[row] = inv;
    }
}

/// dx = inv·(h − mean(h) − x̂·mean(h·x̂)) with h = γ ⊙ dy, means over the row.
template <class T, int n>
__global__ void layer_norm_backward_kernel(int64_t rows, int64_t width, const T* x,
                                           const float* gamma, const float* mean,
                                           const float* inv_std, const T* dy, T* dx) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    x += row * width;
    dy += row * width;
    dx += row * width;
    const float mu = mean[row], inv = inv_std[row];
    float along_one = 0, along_x = 0, values[n], gradient[n];
    for (int64_t d = lane * n; d < width; d += warp_threads * n) {
        load(x + d, values);
        load(dy + d, gradient);
        for (int i = 0; i < n; ++i) {
            const float h = gamma[d + i] * gradient[i];
            along_one += h;
            along_x += h * (values[i] - mu) * inv;
        }
    }
    along_one = warp_sum(along_one) / width;
    along_x = warp_sum(along_x) / width;
    for (int64_t d = lane * n; d < width; d += warp_threads * n) {
        load(x + d, values);
        load(dy + d, gradient);
        for (int i = 0; i < n; ++i) {
            const float h = gamma[d + i] * gradient[i], normalized = (values[i] - mu) * inv;
            values[i] = inv * (h - along_one - normalized * along_x);
        }
        store(values, dx + d);
    }
}

/// dγ = Σ_rows dy ⊙ x̂ and dβ = Σ_rows dy.
template <class T>
struct AffineGradients {
    static constexpr int count = 2, most = pack_bytes / int{sizeof(T)};
    int64_t width;
    const T *x, *dy;
    const float *mean, *inv_std;
    template <int n>
    __device__ void add(int64_t row, int64_t column, float (&total)[2][n]) const {
        float values[n], gradient[n];
        load(x + row * width + column, values);
        load(dy + row * width + column, gradient);
        for (int i = 0; i < n; ++i) {
            total[0][i] += gradient[i] * (values[i] - mean[row]) * inv_std[row];
            total[1][i] += gradient[i];
        }
    }
};

}  // namespace

void CudaKernels::layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                     double eps, Tensor& y, Tensor& mean, Tensor& inv_std) {
    with_activation_type(x, [&]<class T>(T) {
        with_pack<T>(x.dim(1), [&]<int n>(std::integral_constant<int, n>) {
            launch(layer_norm_kernel<T, n>, blocks_for(x.dim(0), rows_per_block), block_threads, 0,
                   x.dim(0), x.dim(1), elements<T>(x), gamma.data<float>(), beta.data<float>(), eps,
                   elements<T>(y), mean.data<float>(), inv_std.data<float>());
        });
    });
}

void CudaKernels::layer_norm_backward(const Tensor& x, const Tensor& gamma, const Tensor& mean,
                                      const Tensor& inv_std, const Tensor& dy, Tensor& dx,
                                      Tensor& dgamma, Tensor& dbeta) {
    with_activation_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), width = x.dim(1);
        with_pack<T>(width, [&]<int n>(std::integral_constant<int, n>) {
            launch(layer_norm_backward_kernel<T, n>, blocks_for(rows, rows_per_block),
                   block_threads, 0, rows, width, elements<T>(x), gamma.data<float>(),
                   mean.data<float>(), inv_std.data<float>(), elements<T>(dy), elements<T>(dx));
        });
        column_sums_of(rows, width,
                       AffineGradients<T>{width, elements<T>(x), elements<T>(dy),
                                          mean.data<float>(), inv_std.data<float>()},
                       {{dgamma.data<float>(), dbeta.data<float>()}});
    });
}

}  // namespace mdn
