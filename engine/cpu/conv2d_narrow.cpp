#include "engine/cpu/conv2d_narrow.h"

namespace mdn {

namespace {

/// Bytes of padded input in one strip: some of the second-level cache.
constexpr int64_t strip_bytes = 64 << 10;

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
               tile_rows * patches.stride * patches.channels;
    }

    /// Fills the buffer with what the strip's output rows read.
    void read(int64_t strip, T* buffer) const {
        // Row after row of the padded image; in pixels where channels are not all treated alike.
        const bool plain = !patches.scale && patches.shift_frames == 0;
        Patches<T> padded = patches;
        padded.kernel_height = padded.stride = 1;
        padded.kernel_width = plain ? width : 1;
        padded.out_width = plain ? 1 : width;
        padded.out_height = padded_rows(patches.out_height);
        const int64_t first = image(strip) * padded.out_height + first_row(strip) * patches.stride;
        const int64_t count = padded_rows(end_row(strip) - first_row(strip)) * padded.out_width;
        PatchRows<T> source(padded, first * padded.out_width, 0, padded.columns());
        for (int64_t i = 0; i < count; ++i) source.next(buffer + i * padded.columns());
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

/// Up to `pixels` neighbouring output pixels × `vectors` vectors of output channels.
template <class T, int pixels, int vectors>
void multiply_pixels(const KernelRuns& runs, const T* input, const T* weights, int64_t valid, T* y,
                     int64_t pixel_stride) {
    Vector<T> sum[pixels][vectors] = {};
    for (int64_t row = 0; row < runs.height; ++row) {
        const T* a = input + row * runs.row_stride;
        for (int64_t j = 0; j < runs.length; ++j) {
            Vector<T> w[vectors];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) w[v] = load(weights + v * lanes<T>);
#pragma GCC unroll 16
            for (int i = 0; i < pixels; ++i) {
                const Vector<T> element = broadcast(a[i * runs.step]);
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) sum[i][v] += element * w[v];
            }
            ++a;
            weights += vectors * lanes<T>;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < pixels; ++i) {
        if (i >= valid) break;
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) store(y + i * pixel_stride + v * lanes<T>, sum[i][v]);
    }
}

/// Tiles are made of so many pixels, and up to three times as many.
constexpr int tile_unit = tile_rows / 3;

/// All pixels of one output row.
template <class T, int vectors>
void multiply_row(const KernelRuns& runs, const T* input, const T* weights, int64_t width, T* y,
                  int64_t pixel_stride) {
    const int64_t units = ceil_div(width, tile_unit);
    const Partition tiles{units, ceil_div(units, 3)};
    for (int64_t tile = 0; tile < tiles.parts; ++tile) {
        const int64_t x = tiles.begin(tile) * tile_unit, size = tiles.end(tile) * tile_unit - x;
        const auto multiply = size == 3 * tile_unit   ? multiply_pixels<T, 3 * tile_unit, vectors>
                              : size == 2 * tile_unit ? multiply_pixels<T, 2 * tile_unit, vectors>
                                                      : multiply_pixels<T, tile_unit, vectors>;
        multiply(runs, input + x * runs.step, weights, std::min(size, width - x),
                 y + x * pixel_stride, pixel_stride);
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
        for (int64_t x = 0; x < in.width; ++x) {
            Vector<T> g[vectors];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) g[v] = load(b + v * lanes<T>);
#pragma GCC unroll 16
            for (int i = 0; i < size; ++i) {
                const Vector<T> element = broadcast(a[i]);
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v) sum[i][v] += element * g[v];
            }
            a += in.input_step;
            b += in.dy_step;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < size; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            T* const to = sums + i * sum_stride + v * lanes<T>;
            store(to, load(to) + sum[i][v]);
        }
}

template <class T, int vectors, int size = tile_rows>
void add_gradient(int64_t wanted, const GradientRows<T>& in, T* sums, int64_t sum_stride) {
    if constexpr (size > 1)
        if (wanted < size) return add_gradient<T, vectors, size - 1>(wanted, in, sums, sum_stride);
    add_gradient_tile<T, size, vectors>(in, sums, sum_stride);
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
                   const OutputPixels<T>& y) {
    const Strips<T> strips(patches);
    const KernelRuns runs = {patches.kernel_height, patches.kernel_width * patches.channels,
                             strips.row_size, patches.stride * patches.channels};
    const int64_t threads = threads_for(patches.rows() * patches.columns() * out_channels);
    share_each(threads, strips.count(), [&](int64_t strip) {
        T* const buffer = workspace<T>(Workspace::panels_of_a, strips.buffer_size());
        strips.read(strip, buffer);
        const int64_t first = strips.first_row(strip);
        for (int64_t column = 0; column < out_channels; column += tile_width<T>)
            for (int64_t row = first; row < strips.end_row(strip); ++row) {
                const T* input = buffer + (row - first) * patches.stride * strips.row_size;
                T* const to =
                    y.data + strips.image(strip) * y.image_stride + row * y.row_stride + column;
                const auto multiply =
                    out_channels - column > lanes<T> ? multiply_row<T, 2> : multiply_row<T, 1>;
                multiply(runs, input, weights + column * patches.columns(), patches.out_width, to,
                         y.pixel_stride);
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
    const Partition tiles{length, ceil_div(length, tile_rows)};
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
            for (int64_t o = 0; o < out_channels; o += tile_width<T>)
                for (int64_t ky = 0; ky < patches.kernel_height; ++ky)
                    for (int64_t tile = 0; tile < tiles.parts; ++tile) {
                        const int64_t j = tiles.begin(tile), size = tiles.end(tile) - j;
                        const GradientRows<T> in = {buffer + ky * strips.row_size + j,
                                                    strip_dy + o,
                                                    strips.end_row(strip) - first,
                                                    patches.out_width,
                                                    patches.stride * strips.row_size,
                                                    patches.stride * patches.channels,
                                                    dy_row,
                                                    out_channels};
                        const auto add =
                            out_channels - o > lanes<T> ? add_gradient<T, 2> : add_gradient<T, 1>;
                        add(size, in, share + (ky * length + j) * out_channels + o, out_channels);
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

#define MDN_NARROW(T)                                                                             \
    template bool narrow_pays<T>(const Patches<T>&, int64_t);                                     \
    template void narrow_conv2d<T>(const Patches<T>&, const T*, int64_t, const OutputPixels<T>&); \
    template void narrow_weight_gradient<T>(const Patches<T>&, const T*, int64_t, T*);
MDN_NARROW(float)
MDN_NARROW(double)
#undef MDN_NARROW

}  // namespace mdn
