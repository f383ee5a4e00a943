// Windows walked with the maxima of a vector of channels in a register. Backward, every row of dx
// collects from the windows above it, so that no two threads write one row.
#include <algorithm>
#include <type_traits>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/cpu/simd.h"

namespace mdn {

namespace {

/// An integer as wide as T, so that a comparison of one selects the other without conversion.
template <class T>
using IndexLike = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

/// As many positions in a window as a vector holds numbers of type T.
template <class T>
struct Positions {
    typedef uint8_t Bytes __attribute__((vector_size(lanes<T>)));
    typedef uint8_t Unaligned __attribute__((vector_size(lanes<T>), aligned(1), may_alias));
    using Wide = Vector<IndexLike<T>>;

    static Wide read(const uint8_t* from) {
        return __builtin_convertvector(*reinterpret_cast<const Unaligned*>(from), Wide);
    }
    static void write(Wide positions, uint8_t* to) {
        *reinterpret_cast<Unaligned*>(to) = __builtin_convertvector(positions, Bytes);
    }
};

/// A window inside an image [H,W,C]: rows [top, bottom) and columns [left, right), cut at the
/// image's edges. Its position (y, x) is numbered y·kernel + x − origin.
struct Window {
    int64_t top, bottom, left, right, kernel, origin;
};

/// The maximum of a window and the position where it is, for the channels at `image`: of one vector
/// if `vector`, else of one. A value that is not a number wins and stays.
template <bool vector, class T>
void find_maximum(const T* image, int64_t row_stride, int64_t channels, const Window& window, T* y,
                  uint8_t* winner) {
    using V = std::conditional_t<vector, Vector<T>, T>;
    using P = std::conditional_t<vector, typename Positions<T>::Wide, IndexLike<T>>;
    const auto value_at = [=](int64_t row, int64_t column) -> V {
        const T* from = image + row * row_stride + column * channels;
        if constexpr (vector)
            return load(from);
        else
            return *from;
    };
    const auto number = [&](int64_t row, int64_t column) {
        return P{} + static_cast<IndexLike<T>>(row * window.kernel + column - window.origin);
    };
    V best = value_at(window.top, window.left);
    P at = number(window.top, window.left);
    for (int64_t row = window.top; row < window.bottom; ++row)
        for (int64_t column = window.left; column < window.right; ++column) {
            const V value = value_at(row, column);
            const auto wins = (value > best) | (value != value);
            best = wins ? value : best;
            at = wins ? number(row, column) : at;
        }
    if constexpr (vector) {
        store(y, best);
        Positions<T>::write(at, winner);
    } else {
        *y = best;
        *winner = static_cast<uint8_t>(at);
    }
}

/// A row of windows, `count` of them, above one row of an image: the gradients of their maxima and
/// where these are. `first` is the number of the row's first position in each window.
template <class T>
struct WindowRow {
    const T* gradient;
    const uint8_t* winner;
    int64_t count, channels, first;
};

/// Adds to a row of dx, of `width` pixels, the gradients of the maxima that lie in it.
template <class T>
void add_gradients(const WindowRow<T>& windows, const Pool2d& options, int64_t width, T* dx) {
    const int64_t channels = windows.channels;
    for (int64_t i = 0; i < windows.count; ++i) {
        const int64_t left = i * options.stride - options.pad, offset = i * channels;
        const int64_t begin = std::max<int64_t>(0, -left);
        const int64_t end = std::min(options.kernel, width - left);
        int64_t c = 0;
        for (; c + lanes<T> <= channels; c += lanes<T>) {
            const Vector<T> gradient = load(windows.gradient + offset + c);
            const auto winner = Positions<T>::read(windows.winner + offset + c);
            for (int64_t x = begin; x < end; ++x) {
                T* const to = dx + (left + x) * channels + c;
                const auto here = static_cast<IndexLike<T>>(windows.first + x);
                store(to, load(to) + (winner == here ? gradient : Vector<T>{}));
            }
        }
        for (; c < channels; ++c) {
            const int64_t x = windows.winner[offset + c] - windows.first;
            if (x >= begin && x < end)
                dx[(left + x) * channels + c] += windows.gradient[offset + c];
        }
    }
}

}  // namespace

void CpuKernels::max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                                    Tensor& winner) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t kernel = options.kernel, stride = options.stride, pad = options.pad;
        const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
        const int64_t out_height = y.dim(1), out_width = y.dim(2);
        const T* const in = x.data<T>();
        T* const out = y.data<T>();
        uint8_t* const at = winner.data<uint8_t>();
        parallel_for(x.dim(0) * out_height, x.numel(), [=](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const T* image = in + row / out_height * height * width * channels;
                const int64_t top = row % out_height * stride - pad;
                for (int64_t ox = 0; ox < out_width; ++ox) {
                    const int64_t left = ox * stride - pad;
                    const Window window = {std::max<int64_t>(top, 0),
                                           std::min(top + kernel, height),
                                           std::max<int64_t>(left, 0),
                                           std::min(left + kernel, width),
                                           kernel,
                                           top * kernel + left};
                    const int64_t offset = (row * out_width + ox) * channels;
                    int64_t c = 0;
                    for (; c + lanes<T> <= channels; c += lanes<T>)
                        find_maximum<true>(image + c, width * channels, channels, window,
                                           out + offset + c, at + offset + c);
                    for (; c < channels; ++c)
                        find_maximum<false>(image + c, width * channels, channels, window,
                                            out + offset + c, at + offset + c);
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
        const T* const grad = dy.data<T>();
        const uint8_t* const at = winner.data<uint8_t>();
        T* const out = dx.data<T>();
        // Every row of dx collects from the windows above it: nothing is shared between threads.
        parallel_for(dx.dim(0) * height, dx.numel(), [&](int64_t begin, int64_t end) {
            std::fill(out + begin * width * channels, out + end * width * channels, T{0});
            for (int64_t row = begin; row < end; ++row) {
                const int64_t image = row / height, y = row % height + pad;
                const int64_t first = std::max<int64_t>(y - kernel + stride, 0) / stride;
                for (int64_t oy = first; oy <= std::min(y / stride, out_height - 1); ++oy) {
                    const int64_t offset = (image * out_height + oy) * out_width * channels;
                    add_gradients({grad + offset, at + offset, out_width, channels,
                                   (y - oy * stride) * kernel},
                                  options, width, out + row * width * channels);
                }
            }
        });
    });
}

}  // namespace mdn
