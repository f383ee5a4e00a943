// Softmax of rows, shifted by their largest element so that no exponential overflows.
#include <algorithm>
#include <cmath>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::softmax_forward(const Tensor& x, double temperature, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), classes = x.dim(1);
        const T inverse = static_cast<T>(1 / temperature);
        parallel_for(rows, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T* in = x.data<T>() + n * classes;
                T* out = y.data<T>() + n * classes;
                const T top = *std::max_element(in, in + classes);
                T total = 0;
                for (int64_t c = 0; c < classes; ++c)
                    total += out[c] = std::exp((in[c] - top) * inverse);
                for (int64_t c = 0; c < classes; ++c) out[c] /= total;
            }
        });
    });
}

void CpuKernels::softmax_backward(const Tensor& y, const Tensor& dy, double temperature,
                                  Tensor& dx) {
    with_float_type(y, [&]<class T>(T) {
        const int64_t rows = y.dim(0), classes = y.dim(1);
        const T inverse = static_cast<T>(1 / temperature);
        parallel_for(rows, y.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T* out = y.data<T>() + n * classes;
                const T* grad = dy.data<T>() + n * classes;
                T* in_grad = dx.data<T>() + n * classes;
                T along = 0;
                for (int64_t c = 0; c < classes; ++c) along += grad[c] * out[c];
                for (int64_t c = 0; c < classes; ++c)
                    in_grad[c] = out[c] * (grad[c] - along) * inverse;
            }
        });
    });
}

}  // namespace mdn
