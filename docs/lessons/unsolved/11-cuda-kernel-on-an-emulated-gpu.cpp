// Lesson 11, a CUDA kernel on an emulated GPU. Replace each not_done(…) by your code;
// `make lesson N=11` checks it. engine/cuda/launch.h has the names that the page explains. The
// checks launch the kernels: a comment says with which grid.
//
// Every array is exactly as long as the comment says. No thread may read or write outside.
#include "docs/lessons/11-cuda-kernel-on-an-emulated-gpu/exercise.h"

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. y[i] = max(x[i], 0).
//
//   x, y     [count]
//   launch   any number of blocks of any number of threads: there may be more threads than
//            elements, and far fewer
__global__ void relu_kernel(int64_t count, const float* x, float* y) { not_done(count, x, y); }

// Task 2. y[r] = Σ_c x[r,c], summed by a tree in shared memory.
//
//   x        [rows, columns], y [rows]
//   launch   one block per row; its number of threads n is a power of two, 32 or more; there may
//            be more threads than columns, and far fewer. n floats of shared memory:
//            dynamic_shared<float>()
__global__ void row_sums_kernel(int64_t columns, const float* x, float* y) {
    not_done(columns, x, y);
}

// Task 3. y[r] = max_c x[r,c], by one warp per row and without shared memory: the threads of a warp
// pass values to each other by __shfl_xor_sync(~0u, value, distance).
//
//   x        [rows, columns], y [rows]; every x may be negative
//   launch   blocks of one warp or several: warp w of block b takes row b · (warps per block) + w.
//            In the last block, some warps may have no row
__global__ void row_maxima_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    not_done(rows, columns, x, y);
}

// Task 4. y[c,r] = x[r,c], through shared memory: each block moves one tile of 32×32 elements. The
// 32 threads of a warp must read neighbours of x, and write neighbours of y.
//
//   x        [rows, columns], y [columns, rows]
//   launch   block (i, j) takes the columns from 32·i and the rows from 32·j on; at the right and
//            at the bottom, tiles may stick out. 256 threads, that is 8 warps: so each warp moves
//            four rows of the tile. 32·33 floats of shared memory: dynamic_shared<float>()
__global__ void transpose_kernel(int64_t rows, int64_t columns, const float* x, float* y) {
    not_done(rows, columns, x, y);
}

}  // namespace mdn::lesson
