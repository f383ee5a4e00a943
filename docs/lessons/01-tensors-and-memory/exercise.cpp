// Lesson 1, tensors and memory. Replace each not_done(…) by your code; `make lesson N=1` checks it.
#include <vector>

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. How many elements lie between two neighbours along each axis of a contiguous row-major
// tensor: the last axis has stride 1, and stride_i = stride_{i+1} · shape_{i+1}.
//
//   shape    any number of axes, each of size 1 or more; empty for a scalar
//   returns  one stride per axis: [2, 3, 4] → [12, 4, 1]; a scalar has none
std::vector<int64_t> strides_of(const Shape& shape) { not_done(shape); }

// Task 2. Where an element lies, backwards: its index along each axis from its place in memory.
//
//   shape    as in task 1
//   offset   0 ≤ offset < element_count(shape)
//   returns  the index with Σ index_i · stride_i = offset: for [2, 3, 4], 17 → [1, 1, 1]
std::vector<int64_t> index_of(const Shape& shape, int64_t offset) { not_done(shape, offset); }

// Task 3. A matrix minus the mean of each row: y_mn = x_mn − (1/N) Σ_j x_mj.
//
//   x        [M, N], f32 or f64, M and N 1 or more; it must keep its values
//   returns  a new tensor of the shape and dtype of x
Tensor centered(const Tensor& x) { not_done(x); }

// Task 4. The axes of a tensor in another order, copied so that the result is contiguous: the
// element y[j_0, j_1, …] is x[i_0, i_1, …] where i_axes[n] = j_n.
//
//   x        any shape of task 1, and any of the dtypes f32, f64, i64, u8
//   axes     each of 0 … rank−1 once; axes = {1, 0} transposes a matrix
//   returns  a new tensor of the dtype of x, whose axis n has the size of x's axis axes[n]
Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes) { not_done(x, axes); }

}  // namespace mdn::lesson
