// Sums down the rows of a matrix: bias gradients and their like.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/cpu/dispatch.h"

namespace mdn {

/// Calls body(begin, end) on blocks of the columns [0, columns), in parallel. A block is at least a
/// cache line wide, and one thread walks all of its rows, so that sums do not depend on the number
/// of threads.
template <class F>
void parallel_for_columns(int64_t rows, int64_t columns, F&& body) {
    constexpr int64_t block = 16;
    parallel_for((columns + block - 1) / block, rows * columns, [&](int64_t begin, int64_t end) {
        body(begin * block, std::min(end * block, columns));
    });
}

/// out[c] = Σ_n x[n, c] for x [rows, columns], added in row order.
template <class T>
void column_sum(const T* x, int64_t rows, int64_t columns, T* out) {
    parallel_for_columns(rows, columns, [&](int64_t begin, int64_t end) {
        std::fill(out + begin, out + end, T{0});
        for (int64_t n = 0; n < rows; ++n) {
            const T* row = x + n * columns;
#pragma omp simd
            for (int64_t c = begin; c < end; ++c) out[c] += row[c];
        }
    });
}

}  // namespace mdn
