// The innermost part of a matrix product: one small tile of C, held in registers.
//
// C's tile is tile_rows × tile_width numbers: with AVX-512, 12 rows of two 16-float vectors, 24 of
// the 32 registers; with AVX2, 4 rows of three 8-float vectors, 12 of the 16. Each step along k
// loads the vectors of B's row once and multiplies them by one number of each of A's rows: 24
// multiply-adds for 14 loads, or 12 for 7, so that arithmetic, not memory, sets the pace. Both
// operands come from packed panels (gemm_driver.h), small enough for the first two cache levels.
#pragma once

#include <algorithm>

#include "engine/cpu/simd.h"

namespace mdn {

inline constexpr int tile_rows = vector_registers == 32 ? 12 : 4;
inline constexpr int tile_vectors = vector_registers == 32 ? 2 : 3;
template <class T>
inline constexpr int tile_width = tile_vectors* lanes<T>;

/// Most steps along k that are packed, and summed in registers, at a time. With AVX2, a panel of B
/// then fits in a first-level cache of 32 KiB; with AVX-512 the tile's pace leaves time to read it
/// from the second level.
inline constexpr int64_t block_depth = vector_registers == 32 ? 384 : 320;

/// How a panel of A (tile_rows rows, up to block_depth columns) lies in its buffer.
enum class PanelLayout {
    by_row,    // row after row: a plain copy when A is contiguous along k
    by_column  // column after column: a plain copy when A is contiguous along its rows
};
/// From row to row of a packed by_row panel: one vector more than block_depth, so that the rows
/// fall into different sets of the first-level cache.
template <class T>
inline constexpr int64_t panel_row_stride = block_depth + lanes<T>;
template <class T>
inline constexpr int64_t panel_size = tile_rows* panel_row_stride<T>;

/// Panels of A: the distances from panel to panel, and within a panel from row to row (by_row) or
/// from column to column (by_column).
template <class T>
struct PanelsOfA {
    const T* data;
    int64_t panel_stride = panel_size<T>;
    int64_t stride = panel_row_stride<T>;
};

/// What becomes of sums on their way to memory: y = scale·sum + shift per column [+ residual], then
/// ReLU if `relu`. A pass of its own would read and write all of y once more.
template <class T>
struct Finish {
    const T *scale, *shift;
    const T* y;         // the first number of the output
    const T* residual;  // laid out as y is, or null
    bool relu;

    /// Of the sums for `to`, in these columns. The ReLU lets what is not a number through, so that
    /// it shows in the result.
    Vector<T> operator()(Vector<T> sum, const T* to, int64_t column) const {
        sum = sum * load(scale + column) + load(shift + column);
        if (residual) sum += load(residual + (to - y));
        return relu ? maximum(Vector<T>{}, sum) : sum;
    }
    T operator()(T sum, const T* to, int64_t column) const {
        sum = sum * scale[column] + shift[column];
        if (residual) sum += residual[to - y];
        return relu && sum < 0 ? T{0} : sum;
    }
};

/// Where a tile's numbers go: out[r][column + j] = alpha·sum + beta·out[r][column + j] + bias[j].
template <class T>
struct TileOutput {
    T* const* rows;                     // the start of every row of C
    int64_t column;                     // first column of the tile
    int valid_rows;                     // at most tile_rows
    int valid_width;                    // at most tile_width
    T alpha, beta;                      // beta = 0 ignores what C held
    const T* bias;                      // one number a column of C, or null
    const Finish<T>* finish = nullptr;  // what is done to the result, if anything
};

/// Numbers that multiply_tile asks for ahead of their use, of what will be read after B's panel: a
/// cache line in each step along k in which it asks for none of A.
template <class T>
constexpr int64_t asked_ahead(int64_t depth) {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    return depth / lanes<T> * std::max(lanes<T> - tile_rows, 0) * line;
}

/// Multiplies a panel of A by a panel of B (`depth` rows of as few vectors as cover
/// valid_width). The rows of a by_row panel, or the columns of a by_column one,
/// are a_stride apart; all that valid_rows rounds up to (tile_rows less a multiple of 4) must be
/// readable. Meanwhile asked_ahead(depth) numbers from `ahead` on come to the second-level cache;
/// nothing need be there.
template <class T, PanelLayout layout>
void multiply_tile(int64_t depth, const T* a, int64_t a_stride, const T* b, const T* ahead,
                   const TileOutput<T>& out);

}  // namespace mdn
