#include "engine/cpu/conv2d_winograd.h"

#include <atomic>

#include "engine/cpu/image_rows.h"
#include "engine/cpu/multiply_adds_saved.h"

namespace mdn {

namespace {

constexpr int outputs = 4, taps = 3, inputs = outputs + taps - 1;  // of a tile, along one axis
constexpr int points = inputs * inputs;

/// Input channels summed before the sum is added to those before it: with 256 or more in one sum,
/// rounding would exceed 2e-6 of the norm.
constexpr int64_t summed_at_once = 96;

template <int rows, int columns>
struct Matrix {
    double at[rows][columns];
    constexpr Matrix<columns, rows> transposed() const {
        Matrix<columns, rows> result = {};
        for (int r = 0; r < rows; ++r)
            for (int c = 0; c < columns; ++c) result.at[c][r] = at[r][c];
        return result;
    }
};

constexpr Matrix<inputs, taps> weight_transform = {{{1. / 4, 0, 0},  // G
                                                    {-1. / 6, -1. / 6, -1. / 6},
                                                    {-1. / 6, 1. / 6, -1. / 6},
                                                    {1. / 24, 1. / 12, 1. / 6},
                                                    {1. / 24, -1. / 12, 1. / 6},
                                                    {0, 0, 1}}};
constexpr Matrix<taps, inputs> weight_adjoint = weight_transform.transposed();

// The values at 0, 1, −1, 2, −2 and ∞, along one axis. Sums that two of them share are made once.

/// Bᵀ: six inputs to six values.
struct InputTransform {
    static constexpr int from = inputs, to = inputs;
    template <class V>
    static void apply(const V (&d)[from], V (&value)[to]) {
        const V even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
        const V even2 = d[4] - d[2], odd2 = d[3] - d[1];
        value[0] = 4 * d[0] - 5 * d[2] + d[4];
        value[1] = even + odd;
        value[2] = even - odd;
        value[3] = even2 + 2 * odd2;
        value[4] = even2 - 2 * odd2;
        value[5] = 4 * d[1] - 5 * d[3] + d[5];
    }
};
/// Aᵀ: six products to four outputs.
struct OutputTransform {
    static constexpr int from = inputs, to = outputs;
    template <class V>
    static void apply(const V (&m)[from], V (&y)[to]) {
        const V sum = m[1] + m[2], difference = m[1] - m[2];
        const V sum2 = m[3] + m[4], difference2 = m[3] - m[4];
        y[0] = m[0] + sum + sum2;
        y[1] = difference + 2 * difference2;
        y[2] = sum + 4 * sum2;
        y[3] = difference + 8 * difference2 + m[5];
    }
};
/// A, its adjoint: the gradients of four outputs to those of six products.
struct OutputGradientTransform {
    static constexpr int from = outputs, to = inputs;
    template <class V>
    static void apply(const V (&dy)[from], V (&dm)[to]) {
        const V even = dy[0] + dy[2], odd = dy[1] + dy[3];
        const V even2 = dy[0] + 4 * dy[2], odd2 = 2 * dy[1] + 8 * dy[3];
        dm[0] = dy[0];
        dm[1] = even + odd;
        dm[2] = even - odd;
        dm[3] = even2 + odd2;
        dm[4] = even2 - odd2;
        dm[5] = dy[3];
    }
};

/// The same along both axes, of a tile whose elements `read(row, column)` gives and `write(row,
/// column, value)` takes: first down its columns, then along what became of its rows. A column or
/// a row at a time is what fits in registers.
template <class T, class Transform, class Read, class Write>
inline void transform_tile(Read&& read, Write&& write) {
    Vector<T> half[Transform::to][Transform::from];
#pragma GCC unroll 1
    for (int c = 0; c < Transform::from; ++c) {
        Vector<T> in[Transform::from], out[Transform::to];
#pragma GCC unroll 8
        for (int r = 0; r < Transform::from; ++r) in[r] = read(r, c);
        Transform::apply(in, out);
#pragma GCC unroll 8
        for (int r = 0; r < Transform::to; ++r) half[r][c] = out[r];
    }
#pragma GCC unroll 1
    for (int r = 0; r < Transform::to; ++r) {
        Vector<T> out[Transform::to];
        Transform::apply(half[r], out);
#pragma GCC unroll 8
        for (int c = 0; c < Transform::to; ++c) write(r, c, out[c]);
    }
}

/// One element of M·v: zeros of M cost nothing once the loop is unrolled.
template <class T, int size>
inline Vector<T> dot(const double (&row)[size], const Vector<T>* v, int stride) {
    Vector<T> sum = {};
    bool empty = true;
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i) {
        if (row[i] == 0) continue;
        const Vector<T> term = row[i] == 1 ? v[i * stride] : v[i * stride] * broadcast(T(row[i]));
        sum = empty ? term : sum + term;
        empty = false;
    }
    return sum;
}

/// out = M·in·Mᵀ for a lane each; in [columns][columns], out [rows][rows].
template <const auto& matrix, class T, int rows, int columns>
inline void transform_both(const Matrix<rows, columns>&, const Vector<T>* in, Vector<T>* out) {
    Vector<T> half[rows * columns];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < columns; ++c)
            half[r * columns + c] = dot<T>(matrix.at[r], in + c, columns);
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < rows; ++c)
            out[r * rows + c] = dot<T>(matrix.at[c], half + r * columns, 1);
}
template <const auto& matrix, class T>
inline void transform(const Vector<T>* in, Vector<T>* out) {
    transform_both<matrix, T>(matrix, in, out);
}

/// The tiles of the images, a row of tiles after another.
struct TileRows {
    template <class T>
    explicit TileRows(const Patches<T>& patches)
        : across(ceil_div(patches.out_width, outputs)),
          down(ceil_div(patches.out_height, outputs)),
          count(patches.images * down) {}
    int64_t image(int64_t row) const { return row / down; }
    /// Of the first output pixel.
    int64_t y(int64_t row) const { return row % down * outputs; }
    int64_t across, down;  // tiles of an image
    int64_t count;         // rows of tiles in all images
};

/// Values at the 36 points as left operands of products: [point][tile][channel], rows one vector
/// apart from the next, so that those of a panel fall into different sets of the cache.
template <class T>
struct PointRows {
    T* data;
    int64_t tiles, channels;
    int64_t row_stride() const { return channels + lanes<T>; }
    int64_t point_stride() const {
        return ceil_div(tiles, tile_rows) * tile_rows * row_stride() + lanes<T>;
    }
    int64_t size() const { return points * point_stride(); }
    T* at(int64_t tile, int64_t channel) const { return data + tile * row_stride() + channel; }
};

/// The same as right operands, packed: [point][panel of channels][tile][channel].
template <class T>
struct PointPanels {
    T* data;
    int64_t tiles, channels;
    int64_t point_stride() const { return tiles * channels + lanes<T>; }
    int64_t size() const { return points * point_stride(); }
    T* at(int64_t tile, int64_t channel) const {
        const int64_t first = channel / tile_width<T> * tile_width<T>;
        return data + first * tiles + tile * panel_width<T>(channels - first) + channel - first;
    }
};

/// The tiles' values: M·tile·Mᵀ of one row of tiles, whose pixels lie in `strip`, rows of
/// row_size numbers.
template <class T, class Transform, class Values>
void transform_strip(const T* strip, int64_t row_size, int64_t tiles, const Values& values,
                     int64_t first_tile) {
    const int64_t channels = values.channels, point_stride = values.point_stride();
    for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t c = 0; c < channels; c += lanes<T>) {
            const T* const from = strip + tile * outputs * channels + c;
            T* const to = values.at(first_tile + tile, c);
            transform_tile<T, Transform>(
                [=](int row, int column) {
                    return load(from + row * row_size + column * channels);
                },
                [=](int row, int column, Vector<T> value) {
                    store(to + (row * Transform::to + column) * point_stride, value);
                });
        }
}

/// V = Bᵀ d B of the tiles in row `row`.
template <class T, class Values>
void transform_inputs(const Patches<T>& patches, const TileRows& rows, int64_t row, const Values& v,
                      int64_t first_tile) {
    const int64_t width = rows.across * outputs + taps - 1, row_size = width * patches.channels;
    T* const strip = workspace<T>(Workspace::panels_of_a, inputs * row_size);
    const ImageRows<T> image(patches, -patches.pad_x, width);
    for (int64_t i = 0; i < inputs; ++i)
        image.read(rows.image(row), rows.y(row) - patches.pad_y + i, strip + i * row_size);
    transform_strip<T, InputTransform>(strip, row_size, rows.across, v, first_tile);
}

/// P = A dY Aᵀ of the tiles in row `row`: the adjoint of transform_outputs.
template <class T, class Values>
void transform_output_gradients(const Patches<T>& dy, const TileRows& rows, int64_t row,
                                const Values& p, int64_t first_tile) {
    const int64_t width = rows.across * outputs, row_size = width * dy.channels;
    T* const strip = workspace<T>(Workspace::panels_of_a, outputs * row_size);
    const ImageRows<T> image(dy, 0, width);
    for (int64_t i = 0; i < outputs; ++i)
        image.read(rows.image(row), rows.y(row) + i, strip + i * row_size);
    transform_strip<T, OutputGradientTransform>(strip, row_size, rows.across, p, first_tile);
}

/// Y = Aᵀ M A of the tiles in row `row`, the pixels that exist.
template <class T>
void transform_outputs(const Patches<T>& patches, const TileRows& rows, int64_t row,
                       const PointRows<T>& m, int64_t first_tile, T* y, const Finish<T>* finish) {
    const int64_t channels = m.channels, point_stride = m.point_stride();
    const int64_t y_row = patches.out_width * channels;
    const int64_t height = std::min<int64_t>(outputs, patches.out_height - rows.y(row));
    T* const first = y + (rows.image(row) * patches.out_height + rows.y(row)) * y_row;
    for (int64_t tile = 0; tile < rows.across; ++tile) {
        const int64_t width = std::min<int64_t>(outputs, patches.out_width - tile * outputs);
        for (int64_t c = 0; c < channels; c += lanes<T>) {
            const T* const from = m.at(first_tile + tile, c);
            T* const to = first + tile * outputs * channels + c;
            transform_tile<T, OutputTransform>(
                [=](int i, int j) { return load(from + (i * inputs + j) * point_stride); },
                [=](int i, int j, Vector<T> value) {
                    if (i >= height || j >= width) return;
                    T* const pixel = to + i * y_row + j * channels;
                    store(pixel, finish ? (*finish)(value, pixel, c) : value);
                });
        }
    }
}

/// M = V·U at one point.
template <class T>
void multiply_point(const PointRows<T>& v, int64_t point, int64_t tiles, const DepthSteps& steps,
                    const T* packed_u, const PointRows<T>& m) {
    constexpr int64_t most = max_task_panels * tile_rows;
    for (int64_t tile = 0; tile < tiles; tile += most) {
        const int64_t end = std::min(tiles, tile + most);
        const RowPointers<T> to([&](int64_t i) { return m.at(i, 0) + point * m.point_stride(); },
                                tile, end);
        for (int64_t step = 0; step < steps.count; ++step) {
            const PanelsOfA<T> a{v.at(tile, steps.begin(step)) + point * v.point_stride(),
                                 tile_rows * v.row_stride(), v.row_stride()};
            multiply_block<T, PanelLayout::by_row>(
                end - tile, 0, m.channels, steps.length(step), a,
                packed_u + (point * steps.k + steps.begin(step)) * m.channels, to.at, T{1},
                step == 0 ? T{0} : T{1}, static_cast<const T*>(nullptr));
        }
    }
}

/// dU [n,k] += or = Pᵀ·V, summed over tiles, at one point. Both operands are read where they lie.
template <class T>
void multiply_point_gradient(const PointRows<T>& p, const PointPanels<T>& v, int64_t point,
                             bool accumulate, T* du) {
    constexpr int64_t most = max_task_panels * tile_rows;
    for (int64_t row = 0; row < p.channels; row += most) {
        const int64_t end = std::min(p.channels, row + most);
        const RowPointers<T> to([&](int64_t i) { return du + i * v.channels; }, row, end);
        const PanelsOfA<T> a{p.at(0, row) + point * p.point_stride(), tile_rows, p.row_stride()};
        multiply_block<T, PanelLayout::by_column>(
            end - row, 0, v.channels, p.tiles, a, v.data + point * v.point_stride(), to.at, T{1},
            accumulate ? T{1} : T{0}, static_cast<const T*>(nullptr));
    }
}

/// U = G g Gᵀ of all filters, packed as right operands [k, n], one after another.
template <class T>
void pack_weights(const WinogradWeights<T>& w, const DepthSteps& steps, int64_t threads,
                  T* packed) {
    const int64_t n = w.out_channels, k = w.in_channels, width = tile_width<T>;
    const int64_t chunks = k / lanes<T>;
    share_evenly(threads, ceil_div(n, width) * chunks, [&](int64_t begin, int64_t end) {
        for (int64_t job = begin; job < end; ++job) {
            const int64_t panel = job / chunks, chunk = job % chunks;
            const int64_t column = panel * width, columns = std::min(width, n - column);
            const int64_t row = chunk * lanes<T>, step = row / steps.depth;
            T* const target = packed + steps.begin(step) * n + column * steps.length(step) +
                              (row - steps.begin(step)) * panel_width<T>(columns);
            Vector<T> g[taps * taps], u[points];
            if (w.flipped) {
                for (int64_t p = 0; p < lanes<T>; ++p)
                    for (int64_t j = 0; j < columns; j += lanes<T>) {
                        for (int i = 0; i < taps * taps; ++i)
                            g[i] =
                                load(w.data + ((row + p) * taps * taps + taps * taps - 1 - i) * n +
                                     column + j);
                        transform<weight_transform, T>(g, u);
                        for (int i = 0; i < points; ++i)
                            store(target + i * n * k + p * panel_width<T>(columns) + j, u[i]);
                    }
                continue;
            }
            T block[points][tile_width<T>][lanes<T>];
            for (int64_t j = 0; j < columns; ++j) {
                for (int i = 0; i < taps * taps; ++i)
                    g[i] = load(w.data + ((column + j) * taps * taps + i) * k + row);
                transform<weight_transform, T>(g, u);
                for (int i = 0; i < points; ++i) store(block[i][j], u[i]);
            }
            for (int i = 0; i < points; ++i)
                transpose(columns, lanes<T>, block[i][0], lanes<T>, target + i * n * k,
                          panel_width<T>(columns));
        }
    });
}

std::atomic<int64_t> saved = 0;

template <class T>
void count_saved(const Patches<T>& patches, const TileRows& rows, int64_t out_channels) {
    saved += (taps * taps * patches.rows() - points * rows.count * rows.across) * out_channels *
             patches.channels;
}

/// Rows of tiles are worked on in groups whose values stay in a cache from step to step.
///
/// Where the weights' values are few, a group is one thread's work, and its values stay in that
/// thread's second-level cache. Where they are many, reading them again for every group would cost
/// more than it saves: all threads share a large group, and each multiplies at other points.
struct Groups {
    Groups(const TileRows& rows, int64_t n, int64_t k, int64_t number_bytes, int64_t threads)
        : alone(points * n * k * number_bytes <= most_alone), rows{rows.count, 1} {
        const int64_t bytes_per_row = points * rows.across * (n + k) * number_bytes;
        const int64_t fit =
            std::max<int64_t>(1, (alone ? bytes_alone : bytes_together) / bytes_per_row);
        const int64_t wanted = ceil_div(rows.count, fit);
        this->rows.parts =
            alone ? std::min(rows.count, ceil_div(wanted, threads) * threads) : wanted;
        most_tiles = ceil_div(rows.count, this->rows.parts) * rows.across;
    }
    static constexpr int64_t most_alone = 3 << 20, bytes_alone = 1 << 20, bytes_together = 12 << 20;
    bool alone;
    Partition rows;      // rows of tiles, in parts: the groups
    int64_t most_tiles;  // of a group
};

}  // namespace

template <class T>
bool winograd_pays(const Patches<T>& patches, int64_t out_channels) {
    const TileRows rows(patches);
    return patches.kernel_height == taps && patches.kernel_width == taps && patches.stride == 1 &&
           patches.channels % lanes<T> == 0 && out_channels % lanes<T> == 0 &&
           patches.channels >= 64 && out_channels >= 64 && rows.count * rows.across >= 96;
}

template <class T>
void winograd_conv2d(const Patches<T>& patches, const WinogradWeights<T>& weights, T* y,
                     const Finish<T>* finish) {
    const TileRows rows(patches);
    const int64_t n = weights.out_channels, k = weights.in_channels;
    const DepthSteps steps(k, summed_at_once);
    count_saved(patches, rows, n);
    const int64_t threads = threads_for(patches.rows() * n * k);
    const Groups groups(rows, n, k, sizeof(T), threads);
    T* const packed_u = workspace<T>(Workspace::shared_b, points * n * k);
    pack_weights(weights, steps, threads, packed_u);
    const auto do_group = [&](int64_t group) {
        const int64_t begin = groups.rows.begin(group), count = groups.rows.end(group) - begin;
        const int64_t tiles = count * rows.across;
        PointRows<T> v{nullptr, groups.most_tiles, k}, m{nullptr, groups.most_tiles, n};
        v.data = workspace<T>(Workspace::point_values, v.size() + m.size());
        m.data = v.data + v.size();
        share_each(threads, count, [&](int64_t row) {
            transform_inputs(patches, rows, begin + row, v, row * rows.across);
        });
        share_each(threads, points,
                   [&](int64_t point) { multiply_point(v, point, tiles, steps, packed_u, m); });
        share_each(threads, count, [&](int64_t row) {
            transform_outputs(patches, rows, begin + row, m, row * rows.across, y, finish);
        });
    };
    share_each(groups.alone ? threads : 1, groups.rows.parts, do_group);
}

template <class T>
void winograd_weight_gradient(const Patches<T>& patches, const T* dy, int64_t out_channels,
                              T* dweight) {
    const TileRows rows(patches);
    const int64_t n = out_channels, k = patches.channels;
    count_saved(patches, rows, n);
    const int64_t threads = threads_for(patches.rows() * n * k);
    const Groups groups(rows, n, k, sizeof(T), threads);
    // Each part of the groups has sums of its own, so that parts can be done at the same time.
    const Partition parts{groups.rows.parts,
                          groups.alone ? std::min(groups.rows.parts, 2 * threads) : 1};
    T* const du = workspace<T>(Workspace::shared_b, parts.parts * points * n * k);
    const Patches<T> gradient{.image = dy,
                              .images = patches.images,
                              .height = patches.out_height,
                              .width = patches.out_width,
                              .channels = n};
    const auto do_group = [&](int64_t group, bool accumulate, T* sums) {
        const int64_t begin = groups.rows.begin(group), count = groups.rows.end(group) - begin;
        const int64_t tiles = count * rows.across;
        PointPanels<T> v{nullptr, tiles, k};
        PointRows<T> p{nullptr, tiles, n};
        v.data = workspace<T>(Workspace::point_values, v.size() + p.size());
        p.data = v.data + v.size();
        share_each(threads, count, [&](int64_t row) {
            transform_inputs(patches, rows, begin + row, v, row * rows.across);
            transform_output_gradients(gradient, rows, begin + row, p, row * rows.across);
        });
        share_each(threads, points, [&](int64_t point) {
            multiply_point_gradient(p, v, point, accumulate, sums + point * n * k);
        });
    };
    share_each(groups.alone ? threads : 1, parts.parts, [&](int64_t part) {
        T* const sums = du + part * points * n * k;
        for (int64_t group = parts.begin(part); group < parts.end(part); ++group)
            do_group(group, group > parts.begin(part), sums);
    });
    // dW = Gᵀ dU G, the parts of dU added in order.
    share_evenly(threads, n, [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o)
            for (int64_t c = 0; c < k; c += lanes<T>) {
                Vector<T> in[points], out[taps * taps];
                for (int i = 0; i < points; ++i) {
                    const T* const first = du + (i * n + o) * k + c;
                    in[i] = load(first);
                    for (int64_t part = 1; part < parts.parts; ++part)
                        in[i] += load(first + part * points * n * k);
                }
                transform<weight_adjoint, T>(in, out);
                for (int i = 0; i < taps * taps; ++i)
                    store(dweight + (o * taps * taps + i) * k + c, out[i]);
            }
    });
}

int64_t multiply_adds_saved() { return saved; }

#define MDN_WINOGRAD(T)                                                                \
    template bool winograd_pays<T>(const Patches<T>&, int64_t);                        \
    template void winograd_conv2d<T>(const Patches<T>&, const WinogradWeights<T>&, T*, \
                                     const Finish<T>*);                                \
    template void winograd_weight_gradient<T>(const Patches<T>&, const T*, int64_t, T*);
MDN_WINOGRAD(float)
MDN_WINOGRAD(double)
#undef MDN_WINOGRAD

}  // namespace mdn
