// Runs of channels copied from the neighbouring frames.
#include <algorithm>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::temporal_shift(const Tensor& x, int64_t frames, bool backward, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3), fold = channels / 8;
        const int64_t frame = pixels * channels;  // elements from one frame to the next
        parallel_for(x.dim(0) * pixels, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t t = i / pixels % frames;
                const T* in = x.data<T>() + i * channels;
                T* out = y.data<T>() + i * channels;
                const auto move = [&](int64_t first, bool from_next) {
                    if (from_next ? t + 1 < frames : t > 0)
                        std::copy_n(in + first + (from_next ? frame : -frame), fold, out + first);
                    else
                        std::fill_n(out + first, fold, T{0});
                };
                move(0, !backward);
                move(fold, backward);
                std::copy(in + 2 * fold, in + channels, out + 2 * fold);
            }
        });
    });
}

}  // namespace mdn
