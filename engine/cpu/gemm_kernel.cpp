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

/// Asks for the cache lines of the tile's C, and of the residual that comes to it.
template <class T, int vectors>
inline void prefetch_c(int rows, const TileOutput<T>& out) {
    const T* const residual = out.finish ? out.finish->residual : nullptr;
    for (int r = 0; r < rows; ++r)
        for (int v = 0; v < vectors; ++v) {
            const T* const c = out.rows[r] + out.column + v * lanes<T>;
            __builtin_prefetch(c, 1);
            if (residual) __builtin_prefetch(residual + (c - out.finish->y));
        }
}

/// c = value(sum, c, v) for the v-th vector of each row of the tile.
template <class T, int rows, int vectors, class F>
inline void store_rows(const Vector<T> (&sum)[rows][vectors], const TileOutput<T>& out,
                       const F& value) {
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        if (r >= out.valid_rows) break;
        T* const c = out.rows[r] + out.column;
#pragma GCC unroll 3
        for (int v = 0; v < vectors; ++v)
            store(c + v * lanes<T>, value(sum[r][v], c + v * lanes<T>, v));
    }
}

/// The tile with the first `rows` rows of the panel. Every loop over rows and vectors is unrolled,
/// so `sum` lives in registers.
template <class T, PanelLayout layout, int rows, int vectors>
void multiply_rows(int64_t depth, const T* a, int64_t a_stride, const T* b, const T* ahead,
                   const TileOutput<T>& out) {
    constexpr bool by_row = layout == PanelLayout::by_row;
    const int64_t row_step = by_row ? a_stride : 1;
    const int64_t depth_step = by_row ? 1 : a_stride;
    constexpr int width = vectors * lanes<T>;
    // C's lines: early enough to come from memory in time, late enough to be there still. In the
    // by_column loop, whose registers are all taken, asking in the middle costs more than it gains.
    const int64_t prefetch_c_at = std::max<int64_t>(0, depth - 128) / lanes<T> * lanes<T>;
    if (!by_row) prefetch_c<T, vectors>(std::min(rows, out.valid_rows), out);
    Vector<T> sum[rows][vectors] = {};
    const auto step = [&]() __attribute__((always_inline)) {
        Vector<T> b_row[vectors];
#pragma GCC unroll 3
        for (int v = 0; v < vectors; ++v) b_row[v] = load(b + v * lanes<T>);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            const Vector<T> a_element = broadcast(a[r * row_step]);
#pragma GCC unroll 3
            for (int v = 0; v < vectors; ++v) sum[r][v] += a_element * b_row[v];
        }
        a += depth_step;
        b += width;
    };
    // What else a step computes takes the ports of multiply-adds, and what it asks for at once
    // waits for each other: so one line a step, first of A's next panel, then of B's.
    int64_t p = 0;
    for (; p + lanes<T> <= depth; p += lanes<T>) {
        int i = 0;
        if (by_row) {
            if (p == prefetch_c_at) prefetch_c<T, vectors>(std::min(rows, out.valid_rows), out);
            const T* next = a + tile_rows * row_step;
            for (; i < std::min(tile_rows, lanes<T>); ++i, next += row_step) {
                __builtin_prefetch(next, 0, 2);
                step();
            }
        } else {
            for (; i < std::min(tile_rows, lanes<T>); ++i) step();
        }
        for (; i < lanes<T>; ++i, ahead += 64 / sizeof(T)) {
            __builtin_prefetch(ahead, 0, 2);
            step();
        }
    }
    for (; p < depth; ++p) step();
    if (out.valid_width == width) {
        const T* const bias = out.bias ? out.bias + out.column : nullptr;
        if (out.finish) {
            // Copies, which no store can reach: so they stay in registers.
            const Finish<T> last = *out.finish;
            const T alpha = out.alpha, beta = out.beta;
            const int64_t column = out.column;
            return store_rows<T, rows, vectors>(sum, out, [&](Vector<T> value, const T* c, int v) {
                value = finish(value, c, bias ? bias + v * lanes<T> : nullptr, alpha, beta);
                return last(value, c, column + v * lanes<T>);
            });
        }
        if (out.alpha == 1 && out.beta == 0 && !bias)
            return store_rows<T, rows, vectors>(
                sum, out, [](Vector<T> value, const T*, int) { return value; });
        if (out.alpha == 1 && out.beta == 1 && !bias)
            return store_rows<T, rows, vectors>(
                sum, out, [](Vector<T> value, const T* c, int) { return load(c) + value; });
        return store_rows<T, rows, vectors>(sum, out, [&](Vector<T> value, const T* c, int v) {
            return finish(value, c, bias ? bias + v * lanes<T> : nullptr, out.alpha, out.beta);
        });
    }
    T edge[rows][width];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; ++v) store(&edge[r][v * lanes<T>], sum[r][v]);
    for (int r = 0; r < rows && r < out.valid_rows; ++r) {
        T* c = out.rows[r] + out.column;
        for (int j = 0; j < out.valid_width; ++j) {
            T value = out.alpha * edge[r][j];
            if (out.beta != 0) value += out.beta * c[j];
            if (out.bias) value += out.bias[out.column + j];
            if (out.finish) value = (*out.finish)(value, c + j, out.column + j);
            c[j] = value;
        }
    }
}

/// The smallest of the compiled heights that covers the valid rows.
template <class T, PanelLayout layout, int vectors, int rows = tile_rows>
void choose_rows(int64_t depth, const T* a, int64_t a_stride, const T* b, const T* ahead,
                 const TileOutput<T>& out) {
    if constexpr (rows > 4)
        if (out.valid_rows <= rows - 4)
            return choose_rows<T, layout, vectors, rows - 4>(depth, a, a_stride, b, ahead, out);
    multiply_rows<T, layout, rows, vectors>(depth, a, a_stride, b, ahead, out);
}

/// As few of the compiled vectors as cover the valid width.
template <class T, PanelLayout layout, int vectors = tile_vectors>
void choose_vectors(int64_t depth, const T* a, int64_t a_stride, const T* b, const T* ahead,
                    const TileOutput<T>& out) {
    if constexpr (vectors > 1)
        if (out.valid_width <= (vectors - 1) * lanes<T>)
            return choose_vectors<T, layout, vectors - 1>(depth, a, a_stride, b, ahead, out);
    choose_rows<T, layout, vectors>(depth, a, a_stride, b, ahead, out);
}

}  // namespace

template <class T, PanelLayout layout>
void multiply_tile(int64_t depth, const T* a, int64_t a_stride, const T* b, const T* ahead,
                   const TileOutput<T>& out) {
    choose_vectors<T, layout>(depth, a, a_stride, b, ahead, out);
}

#define MDN_MULTIPLY_TILE(T, layout)                                                          \
    template void multiply_tile<T, PanelLayout::layout>(int64_t, const T*, int64_t, const T*, \
                                                        const T*, const TileOutput<T>&);
MDN_MULTIPLY_TILE(float, by_row)
MDN_MULTIPLY_TILE(float, by_column)
MDN_MULTIPLY_TILE(double, by_row)
MDN_MULTIPLY_TILE(double, by_column)
#undef MDN_MULTIPLY_TILE

}  // namespace mdn
