// Sums down the columns of a matrix, the same bits at every run: bias gradients, batch statistics
// and their like.
#pragma once

#include "engine/cuda/dispatch.h"

namespace mdn {

/// sums[c] = Σ_n x[n, c] of x [rows, columns], T float or bf16. No rows sum to zero.
template <class T>
void column_sums(int64_t rows, int64_t columns, const T* x, float* sums);

/// Pointers as a kernel takes them.
template <int n>
struct FloatPointers {
    float* at[n];
};

/// A block sums `rows_per_block` rows (blockIdx.y) of 32 columns (blockIdx.x). Lanes take
/// neighbouring columns, so that loads are of whole lines, and warps take rows in turn; then the
/// warps' sums are added in their order. `sums` are [gridDim.y, columns].
template <class Term>
__global__ void column_sums_kernel(int64_t rows, int64_t columns, int64_t rows_per_block, Term term,
                                   FloatPointers<Term::count> sums) {
    constexpr int warps = block_threads / warp_threads;
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int64_t column = int64_t{blockIdx.x} * warp_threads + lane;
    const int64_t begin = blockIdx.y * rows_per_block;
    const int64_t end = begin + rows_per_block < rows ? begin + rows_per_block : rows;
    float total[Term::count] = {};
    if (column < columns)
        for (int64_t row = begin + warp; row < end; row += warps) term(row, column, total);
    float* totals = dynamic_shared<float>();  // [count, warps, lanes]
    for (int i = 0; i < Term::count; ++i)
        totals[(i * warps + warp) * warp_threads + lane] = total[i];
    __syncthreads();
    for (int i = warp; i < Term::count; i += warps) {  // a warp for each kind of sum
        float sum = 0;
        for (int w = 0; w < warps; ++w) sum += totals[(i * warps + w) * warp_threads + lane];
        if (column < columns) sums.at[i][blockIdx.y * columns + column] = sum;
    }
}

/// The second stage's term: what the blocks of the first found.
template <int n>
struct PartialSums {
    static constexpr int count = n;
    int64_t columns;
    FloatPointers<n> sums;
    __device__ void operator()(int64_t row, int64_t column, float (&total)[n]) const {
        for (int i = 0; i < n; ++i) total[i] += sums.at[i][row * columns + column];
    }
};

/// Several sums in one pass: term(row, column, total) adds what it finds there to the floats
/// total[0 .. Term::count), and sums.at[i][column] receives the i-th. `Term` is a struct that
/// kernels can be given by value. The order of additions depends on `rows` alone.
template <class Term>
void column_sums_of(int64_t rows, int64_t columns, const Term& term,
                    const FloatPointers<Term::count>& sums) {
    constexpr int64_t most_blocks = 512;  // down the rows: fills a large GPU, and leaves
    constexpr int64_t least_rows = 256;   // the second stage, which takes few blocks, short
    const int64_t wanted = ceil_divide(rows, least_rows);
    const int64_t blocks = wanted < 1 ? 1 : wanted < most_blocks ? wanted : most_blocks;
    constexpr int64_t shared = Term::count * block_threads * int64_t{sizeof(float)};
    dim3 grid = blocks_for(columns, warp_threads);
    if (blocks == 1) {
        launch(column_sums_kernel<Term>, grid, block_threads, shared, rows, columns, rows, term,
               sums);
        return;
    }
    const Tensor scratch = Tensor::empty({Term::count, blocks, columns}, DType::f32, Device::cuda);
    PartialSums<Term::count> partial{columns, {}};
    for (int i = 0; i < Term::count; ++i)
        partial.sums.at[i] = scratch.data<float>() + i * blocks * columns;
    grid.y = static_cast<unsigned>(blocks);
    launch(column_sums_kernel<Term>, grid, block_threads, shared, rows, columns,
           ceil_divide(rows, blocks), term, partial.sums);
    grid.y = 1;
    launch(column_sums_kernel<PartialSums<Term::count>>, grid, block_threads, shared, blocks,
           columns, blocks, partial, sums);
}

}  // namespace mdn
