// From a tensor's dtype to a C++ type, and loops over threads.
#pragma once

#include <omp.h>

#include <cstdint>

#include "engine/tensor.h"

namespace mdn {

/// Calls f(T{}) with T = float or double, the dtype of x. Throws Error for other dtypes.
template <class F>
void with_float_type(const Tensor& x, F&& f) {
    switch (x.dtype()) {
        case DType::f32:
            return f(float{});
        case DType::f64:
            return f(double{});
        default:
            throw Error("[cpu] expected a floating dtype, got " + to_string(x.dtype()));
    }
}

/// Elements below which a loop is not worth waking other threads for.
inline constexpr int64_t parallel_grain = 16384;

/// Calls body(begin, end) on contiguous pieces of [0, count), in parallel when `work` (elements
/// touched in all) is large enough. The split depends only on the number of threads.
template <class F>
void parallel_for(int64_t count, int64_t work, F&& body) {
#pragma omp parallel if (work >= parallel_grain)
    {
        const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
        const int64_t begin = count * thread / threads, end = count * (thread + 1) / threads;
        if (begin < end) body(begin, end);
    }
}

}  // namespace mdn
