// Mean over the middle axis of [outer,axis,inner], and its gradient spread back.
#include <algorithm>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::mean_forward(const Tensor& x, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t outer = x.dim(0), axis = x.dim(1), inner = x.dim(2);
        // Blocks of columns, so that both few long means and many short ones fill the threads.
        constexpr int64_t block = 64;
        const int64_t blocks = (inner + block - 1) / block;
        parallel_for(outer * blocks, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t o = i / blocks, first = i % blocks * block;
                const int64_t width = std::min(block, inner - first);
                const T* in = x.data<T>() + o * axis * inner + first;
                T* out = y.data<T>() + o * inner + first;
                T total[block] = {};
                for (int64_t n = 0; n < axis; ++n)
#pragma omp simd
                    for (int64_t c = 0; c < width; ++c) total[c] += in[n * inner + c];
                for (int64_t c = 0; c < width; ++c) out[c] = total[c] / static_cast<T>(axis);
            }
        });
    });
}

void CpuKernels::mean_backward(const Tensor& dy, Tensor& dx) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t outer = dx.dim(0), axis = dx.dim(1), inner = dx.dim(2);
        const T factor = 1 / static_cast<T>(axis);
        parallel_for(outer * axis, dx.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const T* grad = dy.data<T>() + row / axis * inner;
                T* out = dx.data<T>() + row * inner;
#pragma omp simd
                for (int64_t i = 0; i < inner; ++i) out[i] = factor * grad[i];
            }
        });
    });
}

}  // namespace mdn
