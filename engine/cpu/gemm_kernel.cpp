#include "engine/cpu/gemm_kernel.h"

#include <algorithm>

namespace mdn {

namespace {

/// alpha·sum + beta·c + bias for one vector; `c` is read only when beta is not 0.
template <class T>
inline Vector<T> finish(Vector<T> sum, const T* c, const T* bias, T alpha, T beta) {
    Vector<T> value = sum * broadcast(alpha);
    if (beta != 0) value += load(c) * broadcast(beta);
    if (bias) value += load(bias);
    return value;
}

/// Asks for the cache lines of the tile's C.
template <class T, int vectors>
inline void prefetch_c(int rows, const TileOutput<T>& out) {
    for (int r = 0; r < rows; ++r)
        for (int v = 0; v < vectors; ++v)
            __builtin_prefetch(out.rows[r] + out.column + v * lanes<T>, 1);
}

/// The tile with the first `rows` rows of the panel. Every loop over rows and vectors is unrolled,
/// so `sum` lives in registers.
template <class T, PanelLayout layout, int rows, int vectors>
void multiply_rows(int64_t depth, const T* a, int64_t row_stride, const T* b,
                   const TileOutput<T>& out) {
    constexpr bool by_row = layout == PanelLayout::by_row;
    const int64_t row_step = by_row ? row_stride : 1;
    constexpr int64_t depth_step = by_row ? 1 : tile_rows;
    constexpr int width = vectors * lanes<T>;
    // C's lines: early enough to come from memory in time, late enough to be there still. In the
    // by_column loop, whose registers are all taken, asking in the middle costs more than it gains.
    const int64_t prefetch_c_at = std::max<int64_t>(0, depth - 128) / lanes<T> * lanes<T>;
    if (!by_row) prefetch_c<T, vectors>(std::min(rows, out.valid_rows), out);
    Vector<T> sum[rows][vectors] = {};
    for (int64_t p = 0; p < depth; ++p) {
        if (by_row && p % lanes<T> == 0) {
#pragma GCC unroll 16
            for (int r = 0; r < rows; ++r)  // of the panel after this one
                __builtin_prefetch(a + (tile_rows + r) * row_step, 0, 2);
            if (p == prefetch_c_at) prefetch_c<T, vectors>(std::min(rows, out.valid_rows), out);
        }
        Vector<T> b_row[vectors];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) b_row[v] = load(b + v * lanes<T>);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            const Vector<T> a_element = broadcast(a[r * row_step]);
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) sum[r][v] += a_element * b_row[v];
        }
        a += depth_step;
        b += width;
    }
    if (out.valid_width == width) {
        const T* bias = out.bias ? out.bias + out.column : nullptr;
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            if (r >= out.valid_rows) break;
            T* c = out.rows[r] + out.column;
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v)
                store(c + v * lanes<T>,
                      finish(sum[r][v], c + v * lanes<T>, bias ? bias + v * lanes<T> : nullptr,
                             out.alpha, out.beta));
        }
        return;
    }
    T edge[rows][width];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) store(&edge[r][v * lanes<T>], sum[r][v]);
    for (int r = 0; r < rows && r < out.valid_rows; ++r) {
        T* c = out.rows[r] + out.column;
        for (int j = 0; j < out.valid_width; ++j) {
            T value = out.alpha * edge[r][j];
            if (out.beta != 0) value += out.beta * c[j];
            if (out.bias) value += out.bias[out.column + j];
            c[j] = value;
        }
    }
}

/// The smallest of the compiled heights that covers the valid rows.
template <class T, PanelLayout layout, int vectors, int rows = tile_rows>
void choose_rows(int64_t depth, const T* a, int64_t row_stride, const T* b,
                 const TileOutput<T>& out) {
    if constexpr (rows > 4)
        if (out.valid_rows <= rows - 4)
            return choose_rows<T, layout, vectors, rows - 4>(depth, a, row_stride, b, out);
    multiply_rows<T, layout, rows, vectors>(depth, a, row_stride, b, out);
}

}  // namespace

template <class T, PanelLayout layout>
void multiply_tile(int64_t depth, const T* a, int64_t row_stride, const T* b,
                   const TileOutput<T>& out) {
    static_assert(tile_vectors == 2);
    if (out.valid_width > lanes<T>)
        choose_rows<T, layout, 2>(depth, a, row_stride, b, out);
    else
        choose_rows<T, layout, 1>(depth, a, row_stride, b, out);
}

template void multiply_tile<float, PanelLayout::by_row>(int64_t, const float*, int64_t,
                                                        const float*, const TileOutput<float>&);
template void multiply_tile<float, PanelLayout::by_column>(int64_t, const float*, int64_t,
                                                           const float*, const TileOutput<float>&);
template void multiply_tile<double, PanelLayout::by_row>(int64_t, const double*, int64_t,
                                                         const double*, const TileOutput<double>&);
template void multiply_tile<double, PanelLayout::by_column>(int64_t, const double*, int64_t,
                                                            const double*,
                                                            const TileOutput<double>&);

}  // namespace mdn
