// Sums down the columns of a matrix, the same bits at every run: bias gradients, batch statistics
// and their like.
#pragma once

#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

/// sums[c] = Σ_n x[n, c] of x [rows, columns], T float or bf16. No rows sum to zero.
template <class T>
void column_sums(int64_t rows, int64_t columns, const T* x, float* sums);

/// Pointers as a kernel takes them.
template <int n>
struct FloatPointers {
    float* at[n];
};

/// How a block of column_sums_kernel lies over a matrix: lanes take neighbouring packs of n
/// columns, so that a row's share is a whole line of memory, and the rest of the threads further
/// rows.
template <int n>
struct ColumnTile {
    static constexpr int packs = n > 1 ? 8 : warp_threads;
    static constexpr int columns = packs * n, rows = block_threads / packs;
};

/// A block sums `rows_per_block` rows (blockIdx.y) of a tile's columns (blockIdx.x); then the sums
/// of its rows are added in their order. `sums` are [gridDim.y, columns].
template <class Term, int n>
__global__ void column_sums_kernel(int64_t rows, int64_t columns, int64_t rows_per_block, Term term,
                                   FloatPointers<Term::count> sums) {
    using Tile = ColumnTile<n>;
    const int pack = static_cast<int>(threadIdx.x) % Tile::packs;
    const int first = static_cast<int>(threadIdx.x) / Tile::packs;
    const int64_t left = int64_t{blockIdx.x} * Tile::columns, column = left + pack * n;
    const int64_t begin = blockIdx.y * rows_per_block;
    const int64_t end = begin + rows_per_block < rows ? begin + rows_per_block : rows;
    float total[Term::count][n] = {};
    if (column < columns)
        for (int64_t row = begin + first; row < end; row += Tile::rows)
            term.template add<n>(row, column, total);
    float* totals = dynamic_shared<float>();  // [count, rows of the tile, its columns]
    for (int i = 0; i < Term::count; ++i)
        for (int j = 0; j < n; ++j)
            totals[(i * Tile::rows + first) * Tile::columns + pack * n + j] = total[i][j];
    __syncthreads();
    for (int e = threadIdx.x; e < Term::count * Tile::columns; e += block_threads) {
        const int i = e / Tile::columns, j = e % Tile::columns;
        float sum = 0;
        for (int row = 0; row < Tile::rows; ++row)
            sum += totals[(i * Tile::rows + row) * Tile::columns + j];
        if (left + j < columns) sums.at[i][blockIdx.y * columns + left + j] = sum;
    }
}

/// The second stage's term: what the blocks of the first found.
template <int kinds>
struct PartialSums {
    static constexpr int count = kinds, most = 4;
    int64_t columns;
    FloatPointers<kinds> sums;
    template <int n>
    __device__ void add(int64_t row, int64_t column, float (&total)[kinds][n]) const {
        for (int i = 0; i < kinds; ++i) {
            float values[n];
            load(sums.at[i] + row * columns + column, values);
            for (int j = 0; j < n; ++j) total[i][j] += values[j];
        }
    }
};

/// Several sums in one pass: term.add<n>(row, column, total) adds what it finds there, and in the
/// n − 1 columns beside it, to the floats total[0 .. Term::count)[0 .. n); sums.at[i][column]
/// receives the i-th. `Term` is a struct that kernels can be given by value; n is Term::most, the
/// numbers of 16 bytes of its memory, where the columns divide into so many, else 1. The order of
/// additions depends on the sizes alone.
template <class Term>
void column_sums_of(int64_t rows, int64_t columns, const Term& term,
                    const FloatPointers<Term::count>& sums) {
    constexpr int64_t most_blocks = 512;  // down the rows: fills a large GPU, and leaves
    constexpr int64_t least_rows = 256;   // the second stage, which takes few blocks, short
    const auto launch_over_rows = [&]<class Some>(int64_t blocks, int64_t count, const Some& some,
                                                  const FloatPointers<Some::count>& to) {
        const auto with = [&]<int n>(std::integral_constant<int, n>) {
            dim3 grid = blocks_for(columns, ColumnTile<n>::columns);
            grid.y = static_cast<unsigned>(blocks);
            launch(column_sums_kernel<Some, n>, grid, block_threads,
                   Some::count * block_threads * n * int64_t{sizeof(float)}, count, columns,
                   ceil_divide(count, blocks), some, to);
        };
        if (columns % Some::most == 0)
            with(std::integral_constant<int, Some::most>{});
        else
            with(std::integral_constant<int, 1>{});
    };
    const int64_t wanted = ceil_divide(rows, least_rows);
    const int64_t blocks = wanted < 1 ? 1 : wanted < most_blocks ? wanted : most_blocks;
    if (blocks == 1) return launch_over_rows(1, rows, term, sums);
    const Tensor scratch = Tensor::empty({Term::count, blocks, columns}, DType::f32, Device::cuda);
    PartialSums<Term::count> partial{columns, {}};
    for (int i = 0; i < Term::count; ++i)
        partial.sums.at[i] = scratch.data<float>() + i * blocks * columns;
    launch_over_rows(blocks, rows, term, partial.sums);
    launch_over_rows(1, blocks, partial, sums);
}

}  // namespace mdn
