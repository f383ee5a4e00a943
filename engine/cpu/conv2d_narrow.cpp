#include "engine/cpu/conv2d_narrow.h"

#include <algorithm>

#include "engine/cpu/image_rows.h"

namespace mdn {

namespace {

/// Bytes of padded input in one strip: some of the second-level cache.
constexpr int64_t strip_bytes = 64 << 10;

/// Tiles are made of so many pixels, and up to max_units times as many: with 32 registers, the
/// sides of images, which are multiples of seven, are one or two tiles.
constexpr int tile_unit = vector_registers == 32 ? 7 : 2;
template <int vectors>
constexpr int max_units = vector_registers == 32 ? 4 / vectors : 3;

/// The images cut into strips of output rows, and the padded input a strip reads.
template <class T>
struct Strips {
    explicit Strips(const Patches<T>& patches)
        : patches(patches),
          width((patches.out_width - 1) * patches.stride + patches.kernel_width),
          row_size(width * patches.channels),
          per_image(cut(patches, row_size)),
          rows{patches.out_height, per_image} {}

    int64_t count() const { return patches.images * per_image; }
    int64_t image(int64_t strip) const { return strip / per_image; }
    int64_t first_row(int64_t strip) const { return rows.begin(strip % per_image); }
    int64_t end_row(int64_t strip) const { return rows.end(strip % per_image); }

    /// Numbers a buffer needs: the longest strip, and what a tile reads beyond its pixels.
    int64_t buffer_size() const {
        return padded_rows(ceil_div(rows.count, per_image)) * row_size +
               max_units<1> * tile_unit * patches.stride * patches.channels;
    }

    /// Fills the buffer with what the strip's output rows read.
    void read(int64_t strip, T* buffer) const {
        const ImageRows<T> rows_of(patches, -patches.pad_x, width);
        const int64_t y = first_row(strip) * patches.stride - patches.pad_y;
        const int64_t count = padded_rows(end_row(strip) - first_row(strip));
        for (int64_t i = 0; i < count; ++i)
            rows_of.read(image(strip), y + i, buffer + i * row_size);
    }

    const Patches<T>& patches;
    int64_t width, row_size;  // of the padded input: pixels and numbers
    int64_t per_image;
    Partition rows;

  private:
    int64_t padded_rows(int64_t out_rows) const {
        return (out_rows - 1) * patches.stride + patches.kernel_height;
    }
    static int64_t cut(const Patches<T>& patches, int64_t row_size) {
        const int64_t fit = strip_bytes / static_cast<int64_t>(sizeof(T)) / row_size;
        const int64_t out_rows = (fit - patches.kernel_height) / patches.stride + 1;
        return ceil_div(patches.out_height, std::max<int64_t>(1, out_rows));
    }
};

/// How a kernel lies in a strip: `height` runs of `length` numbers, row_stride apart; the next
/// pixel's begin `step` numbers on.
struct KernelRuns {
    int64_t height, length, row_stride, step;
};

/// Up to `pixels` neighbouring output pixels × `vectors` vectors of output channels from `channel`
/// on. `fixed_step` is runs.step where it is known to the compiler, so that all pixels' addresses
/// need one register; 0 where it is not.
template <class T, int pixels, int vectors, int fixed_step>
void multiply_pixels(const KernelRuns& runs, const T* input, const T* weights, int64_t valid, T* y,
                     int64_t pixel_stride, int64_t channel, const Finish<T>* finish) {
    const int64_t step = fixed_step > 0 ? fixed_step : runs.step;
    Vector<T> sum[pixels][vectors] = {};
    for (int64_t row = 0; row < runs.height; ++row) {
        const T* a = input + row * runs.row_stride;
#pragma GCC unroll 2
        for (int64_t j = 0; j < runs.length; ++j) {
            Vector<T> w[vectors];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) w[v] = load(weights + v * lanes<T>);
#pragma GCC unroll 32
            for (int i = 0; i < pixels; ++i) {
                const Vector<T> element = broadcast(a[i * step]);
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) sum[i][v] += element * w[v];
            }
            ++a;
            weights += vectors * lanes<T>;
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < pixels; ++i) {
        if (i >= valid) break;
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            T* const to = y + i * pixel_stride + v * lanes<T>;
            store(to, finish ? (*finish)(sum[i][v], to, channel + v * lanes<T>) : sum[i][v]);
        }
    }
}

/// The tile of as many units as are wanted.
template <class T, int vectors, int fixed_step, int units = max_units<vectors>>
auto tile_of(int64_t wanted) {
    if constexpr (units > 1)
        if (wanted < units) return tile_of<T, vectors, fixed_step, units - 1>(wanted);
    return multiply_pixels<T, units * tile_unit, vectors, fixed_step>;
}

/// All pixels of one output row.
template <class T, int vectors, int fixed_step>
void multiply_row(const KernelRuns& runs, const T* input, const T* weights, int64_t width, T* y,
                  int64_t pixel_stride, int64_t channel, const Finish<T>* finish) {
    const int64_t units = ceil_div(width, tile_unit);
    const Partition tiles{units, ceil_div(units, max_units<vectors>)};
    for (int64_t tile = 0; tile < tiles.parts; ++tile) {
        const int64_t first = tiles.begin(tile), count = tiles.end(tile) - first;
        const int64_t x = first * tile_unit;
        tile_of<T, vectors, fixed_step>(count)(runs, input + x * runs.step, weights, width - x,
                                               y + x * pixel_stride, pixel_stride, channel, finish);
    }
}

/// multiply_row for the step of these runs.
template <class T, int vectors>
auto row_product(int64_t step) {
    switch (step) {
        case 6:
            return multiply_row<T, vectors, 6>;
        case 16:
            return multiply_row<T, vectors, 16>;
        case 32:
            return multiply_row<T, vectors, 32>;
        case 64:
            return multiply_row<T, vectors, 64>;
        default:
            return multiply_row<T, vectors, 0>;
    }
}

/// The rows of one strip: what the sums of a weight gradient run over.
template <class T>
struct GradientRows {
    const T *input, *dy;
    int64_t rows, width;  // output rows and pixels in a row
    int64_t input_row, input_step, dy_row, dy_step;
};

/// sums[i·sum_stride + o] += Σ over pixels of input[i]·dy[o] for `size` neighbouring numbers of a
/// patch and `vectors` vectors of output channels.
template <class T, int size, int vectors>
void add_gradient_tile(const GradientRows<T>& in, T* sums, int64_t sum_stride) {
    Vector<T> sum[size][vectors] = {};
    for (int64_t row = 0; row < in.rows; ++row) {
        const T* a = in.input + row * in.input_row;
        const T* b = in.dy + row * in.dy_row;
#pragma GCC unroll 2
        for (int64_t x = 0; x < in.width; ++x) {
            Vector<T> g[vectors];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) g[v] = load(b + v * lanes<T>);
#pragma GCC unroll 32
            for (int i = 0; i < size; ++i) {
                const Vector<T> element = broadcast(a[i]);
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) sum[i][v] += element * g[v];
            }
            a += in.input_step;
            b += in.dy_step;
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < size; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            T* const to = sums + i * sum_stride + v * lanes<T>;
            store(to, load(to) + sum[i][v]);
        }
}

/// Most numbers of a patch in one tile.
template <int vectors>
constexpr int gradient_tile = (vector_registers == 32 ? 24 : 12) / vectors;

template <class T, int vectors, int size = gradient_tile<vectors>>
void add_gradient(int64_t wanted, const GradientRows<T>& in, T* sums, int64_t sum_stride) {
    if constexpr (size > 1)
        if (wanted < size) return add_gradient<T, vectors, size - 1>(wanted, in, sums, sum_stride);
    add_gradient_tile<T, size, vectors>(in, sums, sum_stride);
}

/// The same for a kernel row: `length` numbers of a patch.
template <class T, int vectors>
void add_gradient_row(int64_t length, GradientRows<T> in, T* sums, int64_t sum_stride) {
    const Partition tiles{length, ceil_div(length, gradient_tile<vectors>)};
    const T* const input = in.input;
    for (int64_t tile = 0; tile < tiles.parts; ++tile) {
        const int64_t j = tiles.begin(tile);
        in.input = input + j;
        add_gradient<T, vectors>(tiles.end(tile) - j, in, sums + j * sum_stride, sum_stride);
    }
}

/// Parts of the sum a weight gradient is cut into for each thread, and added up in the end.
constexpr int64_t parts_per_thread = 4;

}  // namespace

template <class T>
bool narrow_pays(const Patches<T>& patches, int64_t out_channels) {
    constexpr int64_t most = 64;
    return patches.kernel_height * patches.kernel_width > 1 && patches.rows() > 0 &&
           patches.channels <= most && out_channels <= most && out_channels % lanes<T> == 0;
}

template <class T>
void narrow_conv2d(const Patches<T>& patches, const T* weights, int64_t out_channels,
                   const OutputPixels<T>& y, const Finish<T>* finish) {
    const Strips<T> strips(patches);
    const KernelRuns runs = {patches.kernel_height, patches.kernel_width * patches.channels,
                             strips.row_size, patches.stride * patches.channels};
    const int64_t threads = threads_for(patches.rows() * patches.columns() * out_channels);
    share_each(threads, strips.count(), [&](int64_t strip) {
        T* const buffer = workspace<T>(Workspace::panels_of_a, strips.buffer_size());
        strips.read(strip, buffer);
        const int64_t first = strips.first_row(strip);
        for (int64_t column = 0; column < out_channels; column += narrow_width<T>) {
            const auto multiply = out_channels - column > lanes<T> ? row_product<T, 2>(runs.step)
                                                                   : row_product<T, 1>(runs.step);
            for (int64_t row = first; row < strips.end_row(strip); ++row) {
                const T* input = buffer + (row - first) * patches.stride * strips.row_size;
                T* const to =
                    y.data + strips.image(strip) * y.image_stride + row * y.row_stride + column;
                multiply(runs, input, weights + column * patches.columns(), patches.out_width, to,
                         y.pixel_stride, column, finish);
            }
        }
    });
}

template <class T>
void narrow_weight_gradient(const Patches<T>& patches, const T* dy, int64_t out_channels,
                            T* dweight) {
    const Strips<T> strips(patches);
    const int64_t columns = patches.columns(), length = patches.kernel_width * patches.channels;
    const int64_t dy_row = patches.out_width * out_channels;
    const int64_t threads = threads_for(patches.rows() * columns * out_channels);
    const Partition parts{strips.count(), std::min(strips.count(), threads * parts_per_thread)};
    // Each part's sums are [columns, out_channels].
    T* const sums = workspace<T>(Workspace::partial_sums, parts.parts * columns * out_channels);
    share_each(threads, parts.parts, [&](int64_t part) {
        T* const buffer = workspace<T>(Workspace::panels_of_a, strips.buffer_size());
        T* const share = sums + part * columns * out_channels;
        std::fill(share, share + columns * out_channels, T{0});
        for (int64_t strip = parts.begin(part); strip < parts.end(part); ++strip) {
            strips.read(strip, buffer);
            const int64_t first = strips.first_row(strip);
            const T* const strip_dy =
                dy + (strips.image(strip) * patches.out_height + first) * dy_row;
            GradientRows<T> in = {nullptr,
                                  nullptr,
                                  strips.end_row(strip) - first,
                                  patches.out_width,
                                  patches.stride * strips.row_size,
                                  patches.stride * patches.channels,
                                  dy_row,
                                  out_channels};
            for (int64_t o = 0; o < out_channels; o += narrow_width<T>)
                for (int64_t ky = 0; ky < patches.kernel_height; ++ky) {
                    in.input = buffer + ky * strips.row_size;
                    in.dy = strip_dy + o;
                    T* const to = share + ky * length * out_channels + o;
                    if (out_channels - o > lanes<T>)
                        add_gradient_row<T, 2>(length, in, to, out_channels);
                    else
                        add_gradient_row<T, 1>(length, in, to, out_channels);
                }
        }
    });
    // The parts in order, turned into [out_channels, columns].
    share_evenly(threads, columns, [&](int64_t begin, int64_t end) {
        for (int64_t part = 1; part < parts.parts; ++part) {
            const T* const share = sums + part * columns * out_channels;
            for (int64_t i = begin * out_channels; i < end * out_channels; ++i) sums[i] += share[i];
        }
        transpose(end - begin, out_channels, sums + begin * out_channels, out_channels,
                  dweight + begin, columns);
    });
}

#define MDN_NARROW(T)                                                                            \
    template bool narrow_pays<T>(const Patches<T>&, int64_t);                                    \
    template void narrow_conv2d<T>(const Patches<T>&, const T*, int64_t, const OutputPixels<T>&, \
                                   const Finish<T>*);                                            \
    template void narrow_weight_gradient<T>(const Patches<T>&, const T*, int64_t, T*);
MDN_NARROW(float)
MDN_NARROW(double)
#undef MDN_NARROW

}  // namespace mdn
