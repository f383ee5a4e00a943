// Windows walked a row of channels at a time; the backward collects instead of scattering.
#include <algorithm>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// Channels whose maxima are kept in registers while the window is walked.
constexpr int64_t channel_block = 64;

/// An integer as wide as T, so that comparisons of one select the other without conversion.
template <class T>
using IndexLike = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

}  // namespace

void CpuKernels::max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                                    Tensor& winner) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t kernel = options.kernel, stride = options.stride, pad = options.pad;
        const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
        const int64_t out_height = y.dim(1), out_width = y.dim(2);
        const auto window = [&](const T* image, int64_t oy, int64_t ox, int64_t c0, int64_t count,
                                T* best, IndexLike<T>* at) {
            const int64_t top = oy * stride - pad, left = ox * stride - pad;
            bool first = true;
            for (int64_t ky = std::max<int64_t>(-top, 0); ky < std::min(kernel, height - top); ++ky)
                for (int64_t kx = std::max<int64_t>(-left, 0); kx < std::min(kernel, width - left);
                     ++kx) {
                    const T* in = image + ((top + ky) * width + left + kx) * channels + c0;
                    const auto here = static_cast<IndexLike<T>>(ky * kernel + kx);
#pragma omp simd
                    for (int64_t c = 0; c < count; ++c) {
                        // A value that is not a number wins and stays.
                        const bool wins = first || in[c] > best[c] || in[c] != in[c];
                        at[c] = wins ? here : at[c];
                        best[c] = wins ? in[c] : best[c];
                    }
                    first = false;
                }
        };
        parallel_for(x.dim(0) * out_height, x.numel(), [&](int64_t begin, int64_t end) {
            T best[channel_block];
            IndexLike<T> at[channel_block];
            for (int64_t row = begin; row < end; ++row) {
                const T* image = x.data<T>() + row / out_height * height * width * channels;
                for (int64_t ox = 0; ox < out_width; ++ox)
                    for (int64_t c0 = 0; c0 < channels; c0 += channel_block) {
                        const int64_t count = std::min(channel_block, channels - c0);
                        window(image, row % out_height, ox, c0, count, best, at);
                        const int64_t offset = (row * out_width + ox) * channels + c0;
                        std::copy_n(best, count, y.data<T>() + offset);
                        std::copy_n(at, count, winner.data<uint8_t>() + offset);
                    }
            }
        });
    });
}

void CpuKernels::max_pool2d_backward(const Tensor& winner, const Tensor& dy, const Pool2d& options,
                                     Tensor& dx) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t kernel = options.kernel, stride = options.stride, pad = options.pad;
        const int64_t height = dx.dim(1), width = dx.dim(2), channels = dx.dim(3);
        const int64_t out_height = dy.dim(1), out_width = dy.dim(2);
        // The windows along one axis that contain position i.
        const auto first_window = [&](int64_t i) {
            return std::max<int64_t>(i + pad - kernel + stride, 0) / stride;
        };
        const auto last_window = [&](int64_t i, int64_t windows) {
            return std::min((i + pad) / stride, windows - 1);
        };
        // Every input collects from its windows: nothing is shared between threads.
        parallel_for(dx.dim(0) * height, dx.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const int64_t n = row / height, iy = row % height;
                const int64_t top = first_window(iy), bottom = last_window(iy, out_height);
                for (int64_t ix = 0; ix < width; ++ix) {
                    const int64_t left = first_window(ix), right = last_window(ix, out_width);
                    T* out = dx.data<T>() + (row * width + ix) * channels;
                    std::fill_n(out, channels, T{0});
                    for (int64_t oy = top; oy <= bottom; ++oy)
                        for (int64_t ox = left; ox <= right; ++ox) {
                            const int64_t offset = (n * out_height + oy) * out_width + ox;
                            const T* grad = dy.data<T>() + offset * channels;
                            const uint8_t* at = winner.data<uint8_t>() + offset * channels;
                            const auto here = static_cast<IndexLike<T>>(
                                (iy + pad - oy * stride) * kernel + ix + pad - ox * stride);
#pragma omp simd simdlen(64 / sizeof(T))
                            for (int64_t c = 0; c < channels; ++c) {
                                const T g = grad[c];
                                out[c] += IndexLike<T>{at[c]} == here ? g : T{0};
                            }
                        }
                }
            }
        });
    });
}

}  // namespace mdn
