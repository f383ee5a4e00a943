// [A,B,C,D] → [A,C,B,D], rows of D at a time.
#include <cstring>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::swap_middle_axes(const Tensor& x, Tensor& y) {
    const int64_t outer = x.dim(0), rows = x.dim(1), columns = x.dim(2);
    const int64_t bytes = x.dim(3) * size_of(x.dtype());
    const char* in = static_cast<const char*>(x.raw());
    char* out = static_cast<char*>(y.raw());
    parallel_for(outer * columns, x.numel(), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            for (int64_t b = 0; b < rows; ++b)
                std::memcpy(out + (i * rows + b) * bytes,
                            in + ((i / columns * rows + b) * columns + i % columns) * bytes, bytes);
    });
}

}  // namespace mdn
