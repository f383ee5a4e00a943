#include "engine/cpu/conv2d_winograd.h"

#include <array>

namespace mdn {

namespace {

constexpr int outputs = 4, taps = 3, inputs = outputs + taps - 1;  // of a tile, along one axis
constexpr int points = inputs * inputs;

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

// The values at 0, 1, −1, 2, −2 and ∞.
constexpr Matrix<inputs, inputs> input_transform = {{{4, 0, -5, 0, 1, 0},  // Bᵀ
                                                     {0, -4, -4, 1, 1, 0},
                                                     {0, 4, -4, -1, 1, 0},
                                                     {0, -2, -1, 2, 1, 0},
                                                     {0, 2, -1, -2, 1, 0},
                                                     {0, 4, 0, -5, 0, 1}}};
constexpr Matrix<inputs, taps> weight_transform = {{{1. / 4, 0, 0},  // G
                                                    {-1. / 6, -1. / 6, -1. / 6},
                                                    {-1. / 6, 1. / 6, -1. / 6},
                                                    {1. / 24, 1. / 12, 1. / 6},
                                                    {1. / 24, -1. / 12, 1. / 6},
                                                    {0, 0, 1}}};
constexpr Matrix<outputs, inputs> output_transform = {{{1, 1, 1, 1, 1, 0},  // Aᵀ
                                                       {0, 1, -1, 2, -2, 0},
                                                       {0, 1, 1, 4, 4, 0},
                                                       {0, 1, -1, 8, -8, 1}}};
constexpr Matrix<inputs, outputs> output_adjoint = output_transform.transposed();
constexpr Matrix<taps, inputs> weight_adjoint = weight_transform.transposed();

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

/// The patch matrix of the 6×6 input tiles, 4 apart.
template <class T>
Patches<T> tiles_of(const Patches<T>& patches) {
    Patches<T> tiles = patches;
    tiles.kernel_height = tiles.kernel_width = inputs;
    tiles.stride = outputs;
    tiles.out_height = ceil_div(patches.out_height, outputs);
    tiles.out_width = ceil_div(patches.out_width, outputs);
    return tiles;
}

/// Values at the 36 points: [point][tile][channel], rows one vector apart from the next, so that
/// those of a panel fall into different sets of the cache.
template <class T>
struct PointValues {
    T* data;
    int64_t tiles, channels;
    int64_t row_stride() const { return channels + lanes<T>; }
    static int64_t size(int64_t tiles, int64_t channels) {
        return points * tiles * (channels + lanes<T>);
    }
    T* row(int64_t point, int64_t tile) const {
        return data + (point * tiles + tile) * row_stride();
    }
};

/// V = Bᵀ d B for tile `index` of the image, into row `tile` of every point.
template <class T>
void transform_input(PatchRows<T>& source, int64_t channels, T* buffer, const PointValues<T>& v,
                     int64_t tile) {
    source.next(buffer);
    for (int64_t c = 0; c < channels; c += lanes<T>) {
        Vector<T> in[points], out[points];
        for (int i = 0; i < points; ++i) in[i] = load(buffer + i * channels + c);
        transform<input_transform, T>(in, out);
        for (int i = 0; i < points; ++i) store(v.row(i, tile) + c, out[i]);
    }
}

/// Calls f(y, x, number) for the pixels of output tile `index` that exist.
template <class T, class F>
void for_each_output(const Patches<T>& patches, int64_t index, F&& f) {
    const int64_t across = ceil_div(patches.out_width, outputs);
    const int64_t down = ceil_div(patches.out_height, outputs);
    const int64_t first_x = index % across * outputs, first_y = index / across % down * outputs;
    const int64_t image = index / (across * down);
    for (int i = 0; i < outputs && first_y + i < patches.out_height; ++i)
        for (int j = 0; j < outputs && first_x + j < patches.out_width; ++j)
            f(i * outputs + j,
              ((image * patches.out_height + first_y + i) * patches.out_width + first_x + j));
}

/// y = Aᵀ M A for one tile.
template <class T>
void transform_output(const Patches<T>& patches, const PointValues<T>& m, int64_t tile,
                      int64_t index, T* y) {
    for (int64_t c = 0; c < m.channels; c += lanes<T>) {
        Vector<T> in[points], out[outputs * outputs];
        for (int i = 0; i < points; ++i) in[i] = load(m.row(i, tile) + c);
        transform<output_transform, T>(in, out);
        for_each_output(patches, index, [&](int number, int64_t pixel) {
            store(y + pixel * m.channels + c, out[number]);
        });
    }
}

/// P = A dY Aᵀ for one tile: the adjoint of transform_output.
template <class T>
void transform_output_gradient(const Patches<T>& patches, const T* dy, int64_t index,
                               const PointValues<T>& p, int64_t tile) {
    for (int64_t c = 0; c < p.channels; c += lanes<T>) {
        Vector<T> in[outputs * outputs] = {}, out[points];
        for_each_output(patches, index, [&](int number, int64_t pixel) {
            in[number] = load(dy + pixel * p.channels + c);
        });
        transform<output_adjoint, T>(in, out);
        for (int i = 0; i < points; ++i) store(p.row(i, tile) + c, out[i]);
    }
}

/// dU [n,k] += or = Σ over tiles of P ⊗ V at one point.
template <class T>
void multiply_point_gradient(const PointValues<T>& p, const PointValues<T>& v, int64_t point,
                             int64_t tiles, bool accumulate, T* packed_a, T* packed_b, T* du) {
    constexpr int64_t task_rows = max_task_panels * tile_rows, chunk = gemm_long_k_chunk<T>;
    const ColumnMajorA<T> a{p.row(point, 0), p.row_stride()};
    const RowMajorB<T> b{v.row(point, 0), v.row_stride()};
    const DepthSteps steps(tiles);
    for (int64_t row = 0; row < p.channels; row += task_rows) {
        const int64_t row_end = std::min(p.channels, row + task_rows);
        const RowPointers<T> rows([&](int64_t i) { return du + i * v.channels; }, row, row_end);
        for (int64_t step = 0; step < steps.count; ++step) {
            const int64_t begin = steps.begin(step), depth = steps.length(step);
            const PanelsOfA<T> panels = a.panels(row, row_end - row, begin, depth, packed_a);
            for (int64_t column = 0; column < v.channels; column += chunk) {
                const int64_t columns = std::min(chunk, v.channels - column);
                for (int64_t j = 0; j < columns; j += tile_width<T>)
                    b.pack(begin, depth, column + j, std::min<int64_t>(tile_width<T>, columns - j),
                           packed_b + j * depth);
                multiply_block<T, PanelLayout::by_column>(
                    row_end - row, column, columns, depth, panels, packed_b, rows.at, T{1},
                    accumulate || step > 0 ? T{1} : T{0}, static_cast<const T*>(nullptr));
            }
        }
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

/// Tiles transformed at a time: as many as keep their values in the outer caches.
template <class T>
int64_t tiles_at_a_time(int64_t tiles, int64_t channels) {
    constexpr int64_t bytes = 12 << 20;
    const int64_t fit = bytes / static_cast<int64_t>(sizeof(T)) / (points * channels);
    const int64_t groups = ceil_div(tiles, std::max<int64_t>(fit, tile_rows));
    return ceil_div(ceil_div(tiles, groups), tile_rows) * tile_rows;
}

}  // namespace

template <class T>
bool winograd_pays(const Patches<T>& patches, int64_t out_channels) {
    const Patches<T> tiles = tiles_of(patches);
    return patches.kernel_height == taps && patches.kernel_width == taps && patches.stride == 1 &&
           patches.channels % lanes<T> == 0 && out_channels % lanes<T> == 0 &&
           patches.channels >= 64 && out_channels >= 64 && tiles.rows() >= 96;
}

template <class T>
void winograd_conv2d(const Patches<T>& patches, const WinogradWeights<T>& weights, T* y) {
    const Patches<T> tiles = tiles_of(patches);
    const int64_t n = weights.out_channels, k = weights.in_channels;
    const DepthSteps steps(k);
    const int64_t group = tiles_at_a_time<T>(tiles.rows(), n + k);
    T* const packed_b = workspace<T>(Workspace::shared_b, points * n * k);
    T* const values = workspace<T>(Workspace::point_values,
                                   PointValues<T>::size(group, k) + PointValues<T>::size(group, n));
    const PointValues<T> v{values, group, k};
    const PointValues<T> m{values + PointValues<T>::size(group, k), group, n};
    const int64_t threads = threads_for(patches.rows() * n * k);
    pack_weights(weights, steps, threads, packed_b);
    for (int64_t first = 0; first < tiles.rows(); first += group) {
        const int64_t count = std::min(group, tiles.rows() - first);
        share_each(threads, ceil_div(count, tile_rows), [&](int64_t part) {
            T* const buffer = workspace<T>(Workspace::panels_of_a, points * k);
            const int64_t begin = part * tile_rows;
            PatchRows<T> source(tiles, first + begin, 0, tiles.columns());
            for (int64_t t = begin; t < std::min<int64_t>(count, begin + tile_rows); ++t)
                transform_input(source, k, buffer, v, t);
        });
        share_each(threads, points, [&](int64_t point) {
            for (int64_t row = 0; row < count; row += max_task_panels * tile_rows) {
                const int64_t row_end = std::min<int64_t>(count, row + max_task_panels * tile_rows);
                const RowPointers<T> rows([&](int64_t i) { return m.row(point, i); }, row, row_end);
                for (int64_t step = 0; step < steps.count; ++step) {
                    const PanelsOfA<T> a{v.row(point, row) + steps.begin(step),
                                         tile_rows * v.row_stride(), v.row_stride()};
                    multiply_block<T, PanelLayout::by_row>(
                        row_end - row, 0, n, steps.length(step), a,
                        packed_b + point * n * k + steps.begin(step) * n, rows.at, T{1},
                        step == 0 ? T{0} : T{1}, static_cast<const T*>(nullptr));
                }
            }
        });
        constexpr int64_t at_a_time = 8;
        share_each(threads, ceil_div(count, at_a_time), [&](int64_t part) {
            const int64_t end = std::min(count, (part + 1) * at_a_time);
            for (int64_t t = part * at_a_time; t < end; ++t)
                transform_output(patches, m, t, first + t, y);
        });
    }
}

template <class T>
void winograd_weight_gradient(const Patches<T>& patches, const T* dy, int64_t out_channels,
                              T* dweight) {
    const Patches<T> tiles = tiles_of(patches);
    const int64_t n = out_channels, k = patches.channels;
    const int64_t group = tiles_at_a_time<T>(tiles.rows(), n + k);
    T* const du = workspace<T>(Workspace::shared_b, points * n * k);
    T* const values = workspace<T>(Workspace::point_values,
                                   PointValues<T>::size(group, k) + PointValues<T>::size(group, n));
    const PointValues<T> v{values, group, k};
    const PointValues<T> p{values + PointValues<T>::size(group, k), group, n};
    const int64_t threads = threads_for(patches.rows() * n * k);
    for (int64_t first = 0; first < tiles.rows(); first += group) {
        const int64_t count = std::min(group, tiles.rows() - first);
        share_each(threads, ceil_div(count, tile_rows), [&](int64_t part) {
            T* const buffer = workspace<T>(Workspace::panels_of_a, points * k);
            const int64_t begin = part * tile_rows;
            PatchRows<T> source(tiles, first + begin, 0, tiles.columns());
            for (int64_t t = begin; t < std::min<int64_t>(count, begin + tile_rows); ++t) {
                transform_input(source, k, buffer, v, t);
                transform_output_gradient(patches, dy, first + t, p, t);
            }
        });
        share_each(threads, points, [&](int64_t point) {
            T* const packed_a =
                workspace<T>(Workspace::panels_of_a, max_task_panels * panel_size<T>);
            T* const packed_b =
                workspace<T>(Workspace::panels_of_b, gemm_long_k_chunk<T> * block_depth);
            multiply_point_gradient(p, v, point, count, first > 0, packed_a, packed_b,
                                    du + point * n * k);
        });
    }
    // dW = Gᵀ dU G.
    share_evenly(threads, n, [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o)
            for (int64_t c = 0; c < k; c += lanes<T>) {
                Vector<T> in[points], out[taps * taps];
                for (int i = 0; i < points; ++i) in[i] = load(du + (i * n + o) * k + c);
                transform<weight_adjoint, T>(in, out);
                for (int i = 0; i < taps * taps; ++i)
                    store(dweight + (o * taps * taps + i) * k + c, out[i]);
            }
    });
}

#define MDN_WINOGRAD(T)                                                                 \
    template bool winograd_pays<T>(const Patches<T>&, int64_t);                         \
    template void winograd_conv2d<T>(const Patches<T>&, const WinogradWeights<T>&, T*); \
    template void winograd_weight_gradient<T>(const Patches<T>&, const T*, int64_t, T*);
MDN_WINOGRAD(float)
MDN_WINOGRAD(double)
#undef MDN_WINOGRAD

}  // namespace mdn
