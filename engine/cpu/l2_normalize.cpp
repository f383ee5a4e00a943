// Rows divided by max(‖row‖, eps).
#include <algorithm>
#include <cmath>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::l2_normalize_forward(const Tensor& x, double eps, Tensor& y, Tensor& norm) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), width = x.dim(1);
        parallel_for(rows, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T* in = x.data<T>() + n * width;
                T* out = y.data<T>() + n * width;
                T squares = 0;
#pragma omp simd reduction(+ : squares)
                for (int64_t d = 0; d < width; ++d) squares += in[d] * in[d];
                const T length = std::sqrt(squares);
                const T inverse = 1 / std::max(length, static_cast<T>(eps));
#pragma omp simd
                for (int64_t d = 0; d < width; ++d) out[d] = in[d] * inverse;
                norm.data<T>()[n] = length;
            }
        });
    });
}

void CpuKernels::l2_normalize_backward(const Tensor& y, const Tensor& norm, double eps,
                                       const Tensor& dy, Tensor& dx) {
    with_float_type(y, [&]<class T>(T) {
        const int64_t rows = y.dim(0), width = y.dim(1);
        parallel_for(rows, y.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T *out = y.data<T>() + n * width, *grad = dy.data<T>() + n * width;
                T* in_grad = dx.data<T>() + n * width;
                const T length = norm.data<T>()[n], least = static_cast<T>(eps);
                T along = 0;  // a row shorter than eps was divided by a constant
                if (length > least) {
#pragma omp simd reduction(+ : along)
                    for (int64_t d = 0; d < width; ++d) along += out[d] * grad[d];
                }
                const T inverse = 1 / std::max(length, least);
#pragma omp simd
                for (int64_t d = 0; d < width; ++d)
                    in_grad[d] = (grad[d] - out[d] * along) * inverse;
            }
        });
    });
}

}  // namespace mdn
