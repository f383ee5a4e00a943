// Layer norm over the last axis: two passes a row, so that no large mean cancels in the variance.
#include <algorithm>
#include <cmath>

#include "engine/cpu/column_sum.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                    double eps, Tensor& y, Tensor& mean, Tensor& inv_std) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), width = x.dim(1);
        const T *g = gamma.data<T>(), *b = beta.data<T>();
        parallel_for(rows, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T* in = x.data<T>() + n * width;
                T* out = y.data<T>() + n * width;
                T total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
                for (int64_t d = 0; d < width; ++d) total += in[d];
                const T mu = total / static_cast<T>(width);
#pragma omp simd reduction(+ : squares)
                for (int64_t d = 0; d < width; ++d) squares += (in[d] - mu) * (in[d] - mu);
                const T inv = 1 / std::sqrt(squares / static_cast<T>(width) + static_cast<T>(eps));
#pragma omp simd
                for (int64_t d = 0; d < width; ++d) out[d] = (in[d] - mu) * inv * g[d] + b[d];
                mean.data<T>()[n] = mu;
                inv_std.data<T>()[n] = inv;
            }
        });
    });
}

void CpuKernels::layer_norm_backward(const Tensor& x, const Tensor& gamma, const Tensor& mean,
                                     const Tensor& inv_std, const Tensor& dy, Tensor& dx,
                                     Tensor& dgamma, Tensor& dbeta) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), width = x.dim(1);
        const T *g = gamma.data<T>(), *mu = mean.data<T>(), *inv = inv_std.data<T>();
        // dx = inv·(h − mean(h) − x̂·mean(h·x̂)) with h = γ ⊙ dy, means over the row.
        parallel_for(rows, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T *in = x.data<T>() + n * width, *grad = dy.data<T>() + n * width;
                T* out = dx.data<T>() + n * width;
                const T mu_n = mu[n], inv_n = inv[n];
                T along_one = 0, along_x = 0;
#pragma omp simd reduction(+ : along_one, along_x)
                for (int64_t d = 0; d < width; ++d) {
                    const T h = g[d] * grad[d];
                    along_one += h;
                    along_x += h * (in[d] - mu_n) * inv_n;
                }
                along_one /= static_cast<T>(width);
                along_x /= static_cast<T>(width);
#pragma omp simd
                for (int64_t d = 0; d < width; ++d)
                    out[d] =
                        inv_n * (g[d] * grad[d] - along_one - (in[d] - mu_n) * inv_n * along_x);
            }
        });
        // dγ = Σ_rows dy ⊙ x̂, dβ = Σ_rows dy.
        T *dg = dgamma.data<T>(), *db = dbeta.data<T>();
        parallel_for_columns(rows, width, [&](int64_t begin, int64_t end) {
            std::fill(dg + begin, dg + end, T{0});
            std::fill(db + begin, db + end, T{0});
            for (int64_t n = 0; n < rows; ++n) {
                const T *in = x.data<T>() + n * width, *grad = dy.data<T>() + n * width;
                const T mu_n = mu[n], inv_n = inv[n];
#pragma omp simd
                for (int64_t d = begin; d < end; ++d) {
                    dg[d] += grad[d] * (in[d] - mu_n) * inv_n;
                    db[d] += grad[d];
                }
            }
        });
    });
}

}  // namespace mdn
