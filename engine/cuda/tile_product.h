// The matrix product C = A·B on tensor cores, with everything that reads an operand or writes a
// result left to small structs: the sister of cpu/gemm_driver.h. So a convolution is this product
// with an operand that finds its numbers in the image, and no patch matrix is ever stored.
//
// A block of 256 threads computes a tile of C, tile_m × tile_n, in steps of 128 bytes along the
// depth (64 numbers of bf16, 32 of float). A step's part of A and of B comes to shared memory in
// units of 16 bytes, by copies that go on by themselves. Three stages of shared memory take turns:
//
//   wait for this thread's copies of step s      a stage is whole after the barrier
//   work on what it brought, where it is to be   relu(scale·x + shift), in place: each thread does
//   read through something                       it for its own units, so no second barrier
//   barrier                                      now step s − 1 is also done with by all
//   start the copies of step s + 2               into the stage of step s − 1
//   multiply step s                              ldmatrix and mma.sync; the sums stay in registers
//
// Units lie in a stage so that neither copies nor loads queue for a bank: unit u of row r stands at
// u xor (r mod 8). At the end the sums go through shared memory, so that a thread gets whole units
// of a row of C, and Out stores them.
//
// An operand (Matrix below, those of conv2d_operands.h) is a stored matrix of rows. Its rows either
// belong to rows of A or columns of B and run along the depth (`along_depth`: ldmatrix loads them
// as they are), or they follow one another along the depth (it transposes them). It says
//
//   Row row(i), Column column(j)        what all numbers of a row, or of a column, have in common;
//                                       i and j may lie beyond the end
//   const T* find(row, column)          where the number lies, or null where it is zero. If
//                                       `whole_units`, the rest of the unit is found beside it
//   bool transforms()                   whether numbers are changed on the way, and how:
//   void transform(column, values)      those of columns j, j+1, … of one row; never zeros of find
//
// Every number of C is summed in one order, that of the depth. Where C is small and the depth long
// (weight gradients, the deep layers of a single clip), the depth is cut: blockIdx.y takes a part
// and Out stores its sums apart, to be added in order afterwards (add_parts, conv2d.cu).
//
// float is multiplied in float (ordinary multiply-adds on the same sums), or, where that is
// allowed, rounded to TF32 for the tensor cores.
#pragma once

#include <type_traits>

#include "engine/cuda/divisor.h"
#include "engine/cuda/pack.h"
#include "engine/cuda/tensor_core.h"

namespace mdn {

/// How factors are multiplied; sums are float.
enum class Arithmetic { bf16, tf32, f32 };

namespace tile {

inline constexpr int stages = 3;
/// Bytes of one row or column of a step, and its units.
inline constexpr int step_bytes = 128, step_units = step_bytes / copy_bytes;
/// Numbers in a unit, and those that a step goes along the depth.
template <class T>
inline constexpr int unit = copy_bytes / int{sizeof(T)};
template <class T>
inline constexpr int step = step_bytes / int{sizeof(T)};
/// Columns that a warp computes.
inline constexpr int warp_columns = 32;
/// Floats between rows of C in shared memory, beyond those of a row: no two rows share a bank.
inline constexpr int row_filling = 8;

/// Blocks that a multiprocessor holds at a time, as far as registers go. Two leave a thread 128 of
/// them, which is not enough everywhere: ptxas would spill.
template <Arithmetic arithmetic, int tile_n, class A>
inline constexpr int resident_blocks =
    arithmetic != Arithmetic::bf16 || !A::whole_units || (tile_n > 64 && A::along_depth) ? 1 : 2;

template <int tile_m, int tile_n>
inline constexpr int64_t shared_bytes = int64_t{stages} * (tile_m + tile_n) * step_bytes;

/// How an operand's part of a step lies in a stage.
template <class Operand, int size>
struct Layout {
    using T = typename Operand::Element;
    static constexpr int rows = Operand::along_depth ? size : step<T>;
    static constexpr int row_units = Operand::along_depth ? step_units : size / unit<T>;
    static_assert(row_units >= 8 && rows * row_units % block_threads == 0);

    __device__ static unsigned char* at(unsigned char* stage, int row, int u) {
        return stage + (row * row_units + (u ^ (row & 7))) * copy_bytes;
    }
    /// Of C's row or column `i`, at depth k.
    __device__ static const T* number(unsigned char* stage, int i, int k) {
        const int row = Operand::along_depth ? i : k, column = Operand::along_depth ? k : i;
        return reinterpret_cast<const T*>(at(stage, row, column / unit<T>)) + column % unit<T>;
    }
};

/// One thread's share of bringing an operand: unit `u_` of every few rows. What the rows (or the
/// column) of its units have in common is worked out once.
template <class Operand, int size>
class Carrier {
    using T = typename Operand::Element;
    using At = Layout<Operand, size>;
    static constexpr int n = unit<T>;
    static constexpr int row_step = block_threads / At::row_units;
    static constexpr int share = At::rows / row_step;
    static constexpr int fixed_rows = Operand::along_depth ? share : 1;
    static_assert(share <= 8);

  public:
    /// Of C's rows or columns from `first` on.
    __device__ Carrier(const Operand& operand, int64_t first)
        : operand_(operand),
          first_(first),
          u_(static_cast<int>(threadIdx.x) % At::row_units),
          row_(static_cast<int>(threadIdx.x) / At::row_units) {
        if constexpr (Operand::along_depth)
            for (int i = 0; i < share; ++i) rows_[i] = operand.row(first + row_ + i * row_step);
        else
            column_ = operand.column(first + u_ * n);
    }

    /// Starts the copies of a step from depth k on.
    __device__ void bring(int64_t k, unsigned char* stage) {
        if constexpr (Operand::whole_units) {
            if constexpr (Operand::along_depth) column_ = operand_.column(k + u_ * n);
            for (int i = 0; i < share; ++i) {
                const T* const from = operand_.find(row(k, i), column_);
                found_ = found_ << 1 | (from != nullptr ? 1u : 0u);
                copy_async(At::at(stage, row_ + i * row_step, u_), from ? from : operand_.begin(),
                           from == nullptr);
            }
        } else {
            bring_numbers(k, stage);
        }
    }

    /// Works on the units that have arrived, those of depth k on, which were brought `ago` steps
    /// before the latest.
    __device__ void transform(int64_t k, int ago, unsigned char* stage) {
        if (!Operand::whole_units || !operand_.transforms()) return;
        const auto column = Operand::along_depth ? operand_.column(k + u_ * n) : column_;
        for (int i = 0; i < share; ++i) {
            if ((found_ >> (ago * share + share - 1 - i) & 1) == 0) continue;
            T* const at = reinterpret_cast<T*>(At::at(stage, row_ + i * row_step, u_));
            float values[n];
            load(at, values);
            operand_.transform(column, values);
            store(values, at);
        }
    }

  private:
    __device__ typename Operand::Row row(int64_t k, int i) const {
        if constexpr (Operand::along_depth) return rows_[i];
        return operand_.row(k + row_ + i * row_step);
    }

    /// Where a unit is not stored as a whole: number by number, which no asynchronous copy can do.
    __device__ void bring_numbers(int64_t k, unsigned char* stage) {
        for (int e = 0; e < n; ++e) {
            const auto column = operand_.column((Operand::along_depth ? k : first_) + u_ * n + e);
            for (int i = 0; i < share; ++i) {
                float value[1] = {0};
                if (const T* const from = operand_.find(row(k, i), column)) {
                    value[0] = to_float(*from);
                    if (operand_.transforms()) operand_.transform(column, value);
                }
                reinterpret_cast<T*>(At::at(stage, row_ + i * row_step, u_))[e] =
                    from_float<T>(value[0]);
            }
        }
    }

    const Operand& operand_;
    int64_t first_;
    int u_, row_;
    uint32_t found_ = 0;  // a bit for each unit of the latest steps: it was stored, not zero
    typename Operand::Row rows_[fixed_rows];
    typename Operand::Column column_;
};

/// The fragments (tensor_core.h) of 16 rows of A from `i` on, or of twice 8 columns of B
/// (`columns`), at depth k. Matrix h of the four is of the second 8 rows where bit 0 of h is set,
/// and further down the depth where bit 1 is; of B the other way round.
template <bool columns, class Operand, int size>
__device__ __forceinline__ void load_fragments(unsigned char* stage, int i, int k,
                                               uint32_t (&to)[4]) {
    using T = typename Operand::Element;
    using At = Layout<Operand, size>;
    const int lane = static_cast<int>(threadIdx.x) % warp_threads;
    const auto beside = [](int h) { return columns ? h / 2 : h % 2; };
    const auto deeper = [](int h) { return columns ? h % 2 : h / 2; };
    const int h = lane / 8;
    if constexpr (Operand::along_depth)
        load_matrices<false>(At::at(stage, i + lane % 8 + 8 * beside(h), k / unit<T> + deeper(h)),
                             to);
    else if constexpr (sizeof(T) == 2)
        load_matrices<true>(At::at(stage, k + lane % 8 + 8 * deeper(h), i / unit<T> + beside(h)),
                            to);
    else  // ldmatrix transposes 16-bit numbers only
        for (int m = 0; m < 4; ++m)
            to[m] = *reinterpret_cast<const uint32_t*>(
                At::number(stage, i + lane / 4 + 8 * beside(m), k + lane % 4 + 4 * deeper(m)));
}

/// Four numbers down the depth, of C's row or column i.
template <class Operand, int size>
__device__ __forceinline__ void load_depth(unsigned char* stage, int i, int k, float (&to)[4]) {
    using At = Layout<Operand, size>;
    if constexpr (Operand::along_depth)
        load(At::number(stage, i, k), to);
    else
        for (int j = 0; j < 4; ++j) to[j] = *At::number(stage, i, k + j);
}

/// What a warp has summed: blocks of 16×8, each as a C fragment of tensor_core.h.
template <int tile_m, int tile_n>
struct Sums {
    static constexpr int warps_across = tile_n / warp_columns;
    static constexpr int warp_rows = tile_m / (block_threads / warp_threads / warps_across);
    static constexpr int down = warp_rows / 16, across = warp_columns / 8;
    float at[down][across][4] = {};

    __device__ static int first_row() {
        return static_cast<int>(threadIdx.x) / warp_threads / warps_across * warp_rows;
    }
    __device__ static int first_column() {
        return static_cast<int>(threadIdx.x) / warp_threads % warps_across * warp_columns;
    }
};

/// Adds the products of one step.
template <Arithmetic arithmetic, class A, class B, int tile_m, int tile_n>
__device__ __forceinline__ void multiply_step(unsigned char* a_stage, unsigned char* b_stage,
                                              Sums<tile_m, tile_n>& sums) {
    using S = Sums<tile_m, tile_n>;
    using T = typename A::Element;
    const int row = S::first_row(), column = S::first_column();
    if constexpr (arithmetic == Arithmetic::f32) {
        const int g = static_cast<int>(threadIdx.x) % warp_threads / 4;
        const int t = static_cast<int>(threadIdx.x) % 4;
        for (int k = 0; k < step<T>; k += 4) {
            float a[2 * S::down][4];
            for (int i = 0; i < 2 * S::down; ++i)
                load_depth<A, tile_m>(a_stage, row + 8 * i + g, k, a[i]);
            for (int j = 0; j < 2 * S::across; ++j) {
                float b[4];
                load_depth<B, tile_n>(b_stage, column + j / 2 * 8 + 2 * t + j % 2, k, b);
                for (int i = 0; i < 2 * S::down; ++i)
                    for (int d = 0; d < 4; ++d)
                        sums.at[i / 2][j / 2][i % 2 * 2 + j % 2] += a[i][d] * b[d];
            }
        }
    } else {
        for (int k = 0; k < step<T>; k += 2 * unit<T>) {
            uint32_t b[S::across][2];
            for (int j = 0; j < S::across; j += 2) {
                uint32_t pair[4];
                load_fragments<true, B, tile_n>(b_stage, column + 8 * j, k, pair);
                for (int i = 0; i < 4; ++i)
                    b[j + i / 2][i % 2] =
                        arithmetic == Arithmetic::tf32 ? to_tf32(pair[i]) : pair[i];
            }
            for (int i = 0; i < S::down; ++i) {
                uint32_t a[4];
                load_fragments<false, A, tile_m>(a_stage, row + 16 * i, k, a);
                if constexpr (arithmetic == Arithmetic::tf32)
                    for (uint32_t& bits : a) bits = to_tf32(bits);
                for (int j = 0; j < S::across; ++j)
                    if constexpr (arithmetic == Arithmetic::tf32)
                        multiply_add_tf32(a, b[j], sums.at[i][j]);
                    else
                        multiply_add_bf16(a, b[j], sums.at[i][j]);
            }
        }
    }
}

/// What an Out without sums down the columns keeps of what it stored.
struct NoSummary {};

/// Which part of C a block computes, and from which part of the depth.
struct Grid {
    int64_t rows, columns, depth;
    Divisor column_tiles;
    int64_t split_depth;  // a multiple of the step
};

/// Joins what the threads found of each column of the tile, in the order of their first rows, and
/// gives it to Out.
template <int tile_m, int tile_n, class Summary, class Out>
__device__ void put_together(const Grid& grid, int64_t first_row, int64_t first_column,
                             const Summary& summary, const Out& out) {
    constexpr int n = Out::unit, row_units = tile_n / n, groups = block_threads / row_units;
    const int thread = static_cast<int>(threadIdx.x);
    float2* const found = dynamic_shared<float2>();  // [groups, tile_n]
    __syncthreads();                                 // C has been read
    for (int i = 0; i < n; ++i)
        found[thread / row_units * tile_n + thread % row_units * n + i] = summary.of(i);
    __syncthreads();
    if (thread >= tile_n || first_column + thread >= grid.columns) return;
    const int rows =
        grid.rows - first_row < tile_m ? static_cast<int>(grid.rows - first_row) : tile_m;
    const auto rows_of = [&](int group) {
        return static_cast<float>((rows - group + groups - 1) / groups);
    };
    float2 total = found[thread];
    float count = rows_of(0);
    for (int group = 1; group < groups && group < rows; ++group) {
        const float more = rows_of(group);
        Summary::join(total, count, found[group * tile_n + thread], more);
        count += more;
    }
    out.finish(first_row / tile_m, first_column + thread, total);
}

template <Arithmetic arithmetic, int tile_m, int tile_n, class A, class B, class Out>
__global__ void __launch_bounds__(block_threads, resident_blocks<arithmetic, tile_n, A>)
    tile_product_kernel(Grid grid, A a_operand, B b_operand, Out out) {
    using T = typename A::Element;
    constexpr int a_bytes = tile_m * step_bytes, stage_bytes = (tile_m + tile_n) * step_bytes;
    unsigned char* const memory = dynamic_shared<unsigned char>();
    // Neighbouring blocks take the same rows of A, which they then find in cache.
    uint32_t column_tile = blockIdx.x;
    const int64_t first_row = int64_t{grid.column_tiles.split(column_tile)} * tile_m;
    const int64_t first_column = int64_t{column_tile} * tile_n;
    const int64_t begin = blockIdx.y * grid.split_depth;
    const int64_t end =
        begin + grid.split_depth < grid.depth ? begin + grid.split_depth : grid.depth;
    const auto steps = static_cast<int>((end - begin + step<T> - 1) / step<T>);

    Carrier<A, tile_m> a(a_operand, first_row);
    Carrier<B, tile_n> b(b_operand, first_column);
    const auto stage_of = [&](int s) { return memory + s % stages * stage_bytes; };
    const auto bring = [&](int s) {
        if (s < steps) {
            a.bring(begin + int64_t{s} * step<T>, stage_of(s));
            b.bring(begin + int64_t{s} * step<T>, stage_of(s) + a_bytes);
        }
        commit_copies();
    };
    Sums<tile_m, tile_n> sums;
    for (int s = 0; s < stages - 1; ++s) bring(s);
    for (int s = 0; s < steps; ++s) {
        wait_for_copies<stages - 2>();
        const int ago = steps - 1 - s < stages - 2 ? steps - 1 - s : stages - 2;
        a.transform(begin + int64_t{s} * step<T>, ago, stage_of(s));
        b.transform(begin + int64_t{s} * step<T>, ago, stage_of(s) + a_bytes);
        __syncthreads();
        bring(s + stages - 1);
        multiply_step<arithmetic, A, B>(stage_of(s), stage_of(s) + a_bytes, sums);
    }

    // C by way of shared memory, where no stage is needed any more.
    constexpr int stride = tile_n + row_filling;
    static_assert(int64_t{tile_m} * stride * int64_t{sizeof(float)} <=
                  shared_bytes<tile_m, tile_n>);
    float* const c = dynamic_shared<float>();
    __syncthreads();
    const int g = static_cast<int>(threadIdx.x) % warp_threads / 4, t = threadIdx.x % 4;
    for (int i = 0; i < sums.down; ++i)
        for (int j = 0; j < sums.across; ++j)
            for (int half = 0; half < 2; ++half) {
                float* const to = c + (sums.first_row() + 16 * i + 8 * half + g) * stride +
                                  sums.first_column() + 8 * j + 2 * t;
                to[0] = sums.at[i][j][2 * half];
                to[1] = sums.at[i][j][2 * half + 1];
            }
    __syncthreads();
    constexpr int n = Out::unit, row_units = tile_n / n;
    const int column = static_cast<int>(threadIdx.x) % row_units * n;
    typename Out::Summary summary;
    for (int row = static_cast<int>(threadIdx.x) / row_units; row < tile_m;
         row += block_threads / row_units) {
        if (first_row + row >= grid.rows || first_column + column >= grid.columns) break;
        float values[n];
        load(c + row * stride + column, values);
        out.store(first_row + row, first_column + column, values, summary);
    }
    if constexpr (!std::is_same_v<typename Out::Summary, NoSummary>)
        if (out.summarises())
            put_together<tile_m, tile_n>(grid, first_row, first_column, summary, out);
}

}  // namespace tile

/// C [rows, columns] = A·B over `depth`, which is cut into parts of `split_depth` (a multiple of
/// the step; depth itself leaves it whole). Throws Error when a size is beyond 2³¹.
///
/// Out: `unit`, and `store(row, column, values, summary)`, which stores values[0..unit), of which
/// those beyond the last column are to be left out. `Summary` is what a thread keeps of the values
/// it stored, all of the same columns, or NoSummary: `of(i)` gives two numbers for its i-th column,
/// and `join(total, rows, more, more_rows)` puts those of two threads together. If `summarises()`,
/// `finish(row tile, column, total)` receives what a tile's rows give together.
template <Arithmetic arithmetic, int tile_m, int tile_n, class A, class B, class Out>
void tile_product(int64_t rows, int64_t columns, int64_t depth, int64_t split_depth, const A& a,
                  const B& b, const Out& out) {
    if (rows == 0 || columns == 0) return;
    if (rows + tile_m >= Divisor::limit || columns + tile_n >= Divisor::limit ||
        depth + tile::step_bytes >= Divisor::limit)
        throw Error("[cuda] a product of " + std::to_string(rows) + "×" + std::to_string(columns) +
                    " over " + std::to_string(depth) + " is too large");
    const int64_t column_tiles = ceil_divide(columns, tile_n);
    dim3 grid = blocks_for(ceil_divide(rows, tile_m) * column_tiles);
    grid.y = static_cast<unsigned>(depth == 0 ? 1 : ceil_divide(depth, split_depth));
    launch(tile::tile_product_kernel<arithmetic, tile_m, tile_n, A, B, Out>, grid, block_threads,
           tile::shared_bytes<tile_m, tile_n>,
           tile::Grid{rows, columns, depth, Divisor(column_tiles), split_depth}, a, b, out);
}

/// A stored row-major matrix [rows, columns] of T as an operand.
template <class T, bool along, bool whole>
struct Matrix {
    using Element = T;
    static constexpr bool along_depth = along, whole_units = whole;
    const T* data;
    int64_t rows, columns, stride;  // from row to row

    using Row = int64_t;  // where it begins; negative: beyond the end
    using Column = int64_t;
    __device__ Row row(int64_t i) const { return i < rows ? i * stride : -1; }
    __device__ Column column(int64_t j) const { return j < columns ? j : -1; }
    __device__ const T* begin() const { return data; }
    __device__ const T* find(Row row, Column column) const {
        return row < 0 || column < 0 ? nullptr : data + row + column;
    }
    __device__ static constexpr bool transforms() { return false; }
    template <int n>
    __device__ void transform(Column, float (&)[n]) const {}
};

/// Stores a unit of numbers in a row of `columns` of them, of which it is at `column`.
template <class T, int n>
__device__ void store_unit(const float (&values)[n], int64_t columns, int64_t column, T* to) {
    if (columns % n == 0) return store(values, to);
    for (int i = 0; i < n && column + i < columns; ++i) to[i] = from_float<T>(values[i]);
}

/// Stores C as a row-major matrix of T, or its parts of the depth one after another.
template <class T>
struct MatrixOut {
    static constexpr int unit = copy_bytes / int{sizeof(T)};
    using Summary = tile::NoSummary;
    T* data;
    int64_t columns;
    int64_t part;  // numbers from one part of the depth to the next

    __device__ void store(int64_t row, int64_t column, const float (&values)[unit],
                          Summary&) const {
        store_unit(values, columns, column, data + blockIdx.y * part + row * columns + column);
    }
};

}  // namespace mdn
