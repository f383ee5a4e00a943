// One small filter per channel, stride 1. A vector of channels at a time, all kernel positions
// summed in a register before the one store.
#include <algorithm>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/cpu/simd.h"

namespace mdn {

namespace {

/// Sizes of a depthwise convolution from `in` to `out`.
struct Geometry {
    int64_t height, width, channels, kernel_height, kernel_width, pad_y, pad_x, out_height,
        out_width;
};

/// The kernel positions [first, last) that meet the input from output position `out`.
struct Taps {
    Taps(int64_t out, int64_t pad, int64_t kernel, int64_t size)
        : first(std::max<int64_t>(0, pad - out)), last(std::min(kernel, size + pad - out)) {}
    int64_t first, last;
};

/// out = in ∗ weight for one image; `flipped` turns the filters by 180°.
template <class T>
void filter_image(const Geometry& g, const T* in, const T* weight, bool flipped, T* out) {
    const int64_t last_weight = g.kernel_height * g.kernel_width - 1;
    for (int64_t y = 0; y < g.out_height; ++y)
        for (int64_t x = 0; x < g.out_width; ++x, out += g.channels) {
            const Taps ky(y, g.pad_y, g.kernel_height, g.height);
            const Taps kx(x, g.pad_x, g.kernel_width, g.width);
            const auto sum_taps = [&](auto zero, auto&& element) {
                auto sum = zero;
                for (int64_t i = ky.first; i < ky.last; ++i)
                    for (int64_t j = kx.first; j < kx.last; ++j) {
                        const int64_t k = i * g.kernel_width + j;
                        const int64_t pixel = (y + i - g.pad_y) * g.width + x + j - g.pad_x;
                        sum += element(in + pixel * g.channels) *
                               element(weight + (flipped ? last_weight - k : k) * g.channels);
                    }
                return sum;
            };
            int64_t c = 0;
            for (; c + lanes<T> <= g.channels; c += lanes<T>)
                store(out + c, sum_taps(Vector<T>{}, [c](const T* at) { return load(at + c); }));
            for (; c < g.channels; ++c) out[c] = sum_taps(T{0}, [c](const T* at) { return at[c]; });
        }
}

/// dweight += Σ over the pixels of one image of dy·x.
template <class T>
void correlate_image(const Geometry& g, const T* in, const T* dy, T* dweight) {
    for (int64_t i = 0; i < g.kernel_height; ++i)
        for (int64_t j = 0; j < g.kernel_width; ++j, dweight += g.channels) {
            const Taps rows(i, g.pad_y, g.out_height, g.height);
            const Taps columns(j, g.pad_x, g.out_width, g.width);
            const auto sum_pixels = [&](auto sum, auto&& element) {
                for (int64_t y = rows.first; y < rows.last; ++y)
                    for (int64_t x = columns.first; x < columns.last; ++x) {
                        const int64_t pixel = (y + i - g.pad_y) * g.width + x + j - g.pad_x;
                        sum += element(in + pixel * g.channels) *
                               element(dy + (y * g.out_width + x) * g.channels);
                    }
                return sum;
            };
            int64_t c = 0;
            for (; c + lanes<T> <= g.channels; c += lanes<T>)
                store(dweight + c,
                      sum_pixels(load(dweight + c), [c](const T* at) { return load(at + c); }));
            for (; c < g.channels; ++c)
                dweight[c] = sum_pixels(dweight[c], [c](const T* at) { return at[c]; });
        }
}

}  // namespace

void CpuKernels::depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, int64_t pad,
                                          Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const Geometry g = {x.dim(1), x.dim(2), x.dim(3), weight.dim(0), weight.dim(1),
                            pad,      pad,      y.dim(1), y.dim(2)};
        const int64_t in_size = g.height * g.width * g.channels;
        const int64_t out_size = g.out_height * g.out_width * g.channels;
        parallel_for(x.dim(0), y.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t n = begin; n < end; ++n)
                filter_image(g, x.data<T>() + n * in_size, weight.data<T>(), false,
                             y.data<T>() + n * out_size);
        });
    });
}

void CpuKernels::depthwise_conv2d_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                           int64_t pad, Tensor& dx, Tensor& dweight) {
    with_float_type(x, [&]<class T>(T) {
        const Geometry g = {x.dim(1), x.dim(2), x.dim(3),  weight.dim(0), weight.dim(1),
                            pad,      pad,      dy.dim(1), dy.dim(2)};
        // dx is a convolution of dy: the sizes swap and the padding is what is left of the kernel.
        const Geometry back = {g.out_height,
                               g.out_width,
                               g.channels,
                               g.kernel_height,
                               g.kernel_width,
                               g.kernel_height - 1 - pad,
                               g.kernel_width - 1 - pad,
                               g.height,
                               g.width};
        const int64_t in_size = g.height * g.width * g.channels;
        const int64_t out_size = g.out_height * g.out_width * g.channels;
        // A sum per piece of the batch, added in order: the same result in every run.
        const int64_t pieces = std::min<int64_t>(threads(), x.dim(0));
        const Tensor sums = Tensor::zeros({pieces, weight.numel()}, weight.dtype());
        const auto add_piece = [&](int64_t piece) {
            for (int64_t n = x.dim(0) * piece / pieces; n < x.dim(0) * (piece + 1) / pieces; ++n) {
                const T *in = x.data<T>() + n * in_size, *out_grad = dy.data<T>() + n * out_size;
                filter_image(back, out_grad, weight.data<T>(), true, dx.data<T>() + n * in_size);
                correlate_image(g, in, out_grad, sums.data<T>() + piece * weight.numel());
            }
        };
        if (x.numel() >= parallel_grain)
            run_shares(pieces, add_piece);
        else
            for (int64_t piece = 0; piece < pieces; ++piece) add_piece(piece);
        for (int64_t i = 0; i < weight.numel(); ++i) {
            T total = 0;
            for (int64_t piece = 0; piece < pieces; ++piece)
                total += sums.data<T>()[piece * weight.numel() + i];
            dweight.data<T>()[i] = total;
        }
    });
}

}  // namespace mdn
