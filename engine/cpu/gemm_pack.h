// Copying blocks of a matrix into panels, for the products in gemm_driver.h.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/cpu/gemm_kernel.h"

namespace mdn {

/// to[0..count) = from[0..count).
template <class T>
inline void copy_run(const T* from, int64_t count, T* to) {
    int64_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(from + i));
    if (i == count) return;
    if (count >= lanes<T>) {  // the last vector overlaps the one before
        i = count - lanes<T>;
        return store(to + i, load(from + i));
    }
    for (; i < count; ++i) to[i] = from[i];
}

/// `rows` rows of `columns` numbers, from one row distance to another.
template <class T>
inline void copy_rows(int64_t rows, int64_t columns, const T* from, int64_t from_stride, T* to,
                      int64_t to_stride) {
    for (int64_t r = 0; r < rows; ++r)
        copy_run(from + r * from_stride, columns, to + r * to_stride);
}

/// Swaps the off-diagonal quarters of every 2·half square on the diagonal of row pair (a, b): one
/// of the log₂(lanes) passes that together transpose a square of lanes × lanes numbers.
template <int half, class T, int... lane>
inline void swap_halves(Vector<T>& a, Vector<T>& b, std::integer_sequence<int, lane...>) {
    const Vector<T> first =
        __builtin_shufflevector(a, b, (lane & half ? lanes<T> + lane - half : lane)...);
    b = __builtin_shufflevector(a, b, (lane & half ? lanes<T> + lane : lane + half)...);
    a = first;
}

template <class T, int half = lanes<T> / 2>
inline void transpose_square(Vector<T> (&row)[lanes<T>]) {
    if constexpr (half > 0) {
#pragma GCC unroll 16
        for (int i = 0; i < lanes<T>; ++i)
            if (!(i & half))
                swap_halves<half, T>(row[i], row[i + half],
                                     std::make_integer_sequence<int, lanes<T>>());
        transpose_square<T, half / 2>(row);
    }
}

/// to[c·to_stride + r] = from[r·from_stride + c].
template <class T>
inline void transpose(int64_t rows, int64_t columns, const T* from, int64_t from_stride, T* to,
                      int64_t to_stride) {
    constexpr int side = lanes<T>;
    int64_t r = 0;
    for (; r + side <= rows; r += side) {
        int64_t c = 0;
        for (; c + side <= columns; c += side) {
            Vector<T> square[side];
#pragma GCC unroll 16
            for (int i = 0; i < side; ++i) square[i] = load(from + (r + i) * from_stride + c);
            transpose_square<T>(square);
#pragma GCC unroll 16
            for (int i = 0; i < side; ++i) store(to + (c + i) * to_stride + r, square[i]);
        }
        for (; c < columns; ++c)
            for (int i = 0; i < side; ++i)
                to[c * to_stride + r + i] = from[(r + i) * from_stride + c];
    }
    for (; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c) to[c * to_stride + r] = from[r * from_stride + c];
}

/// Left operand [m,k] stored row after row, `stride` apart.
template <class T>
struct RowMajorA {
    static constexpr PanelLayout layout = PanelLayout::by_row;
    const T* data;
    int64_t stride;
    PanelsOfA<T> panels(int64_t row, int64_t rows, int64_t k, int64_t depth, T* buffer) const {
        const T* const first = data + row * stride + k;
        if (rows % tile_rows == 0 && spread_over_cache())
            return {first, tile_rows * stride, stride};
        for (int64_t i = 0; i < rows; i += tile_rows)
            copy_rows(std::min<int64_t>(tile_rows, rows - i), depth, first + i * stride, stride,
                      buffer + i / tile_rows * panel_size<T>, panel_row_stride<T>);
        return {buffer};
    }

  private:
    /// Rows a multiple of 4 KiB apart would all fall into one set of the first-level cache.
    bool spread_over_cache() const { return stride * static_cast<int64_t>(sizeof(T)) % 4096 != 0; }
};

/// Left operand [m,k] stored as its transpose [k,m].
template <class T>
struct ColumnMajorA {
    static constexpr PanelLayout layout = PanelLayout::by_column;
    const T* data;
    int64_t stride;
    PanelsOfA<T> panels(int64_t row, int64_t rows, int64_t k, int64_t depth, T* buffer) const {
        const int64_t whole = rows / tile_rows;
        for (int64_t p = 0; p < depth; ++p) {
            const T* from = data + (k + p) * stride + row;
            T* to = buffer + p * tile_rows;
            for (int64_t panel = 0; panel < whole; ++panel) {
                std::memcpy(to, from, tile_rows * sizeof(T));
                from += tile_rows;
                to += panel_size<T>;
            }
            copy_run(from, rows - whole * tile_rows, to);
        }
        return {buffer, panel_size<T>, tile_rows};
    }
};

/// From row to row of a panel of B with this many valid columns; of those that a tile takes where
/// there are more.
template <class T>
inline int64_t panel_width(int64_t columns) {
    return std::min<int64_t>(tile_width<T>, (columns + lanes<T> - 1) / lanes<T> * lanes<T>);
}

/// Right operand [k,n] stored row after row.
template <class T>
struct RowMajorB {
    const T* data;
    int64_t stride;
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panel) const {
        copy_rows(depth, columns, data + k * stride + column, stride, panel,
                  panel_width<T>(columns));
    }
};

/// Right operand [k,n] stored as its transpose [n,k].
template <class T>
struct ColumnMajorB {
    const T* data;
    int64_t stride;
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panel) const {
        transpose(columns, depth, data + column * stride + k, stride, panel,
                  panel_width<T>(columns));
    }
};

}  // namespace mdn
