// Two matrices side by side, and apart again.
#include <algorithm>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::concat(const Tensor& a, const Tensor& b, Tensor& y) {
    with_float_type(y, [&]<class T>(T) {
        const int64_t left = a.dim(1), right = b.dim(1);
        parallel_for(y.dim(0), y.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                T* row = y.data<T>() + n * (left + right);
                std::copy_n(a.data<T>() + n * left, left, row);
                std::copy_n(b.data<T>() + n * right, right, row + left);
            }
        });
    });
}

void CpuKernels::split(const Tensor& y, Tensor& a, Tensor& b) {
    with_float_type(y, [&]<class T>(T) {
        const int64_t left = a.dim(1), right = b.dim(1);
        parallel_for(y.dim(0), y.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n) {
                const T* row = y.data<T>() + n * (left + right);
                std::copy_n(row, left, a.data<T>() + n * left);
                std::copy_n(row + left, right, b.data<T>() + n * right);
            }
        });
    });
}

}  // namespace mdn
