// What the exercise of lesson 11 and its checks share: CUDA as the engine writes it, and the
// kernels that the checks launch.
#pragma once

#include "engine/cuda/launch.h"

#ifdef MDN_CUDA_EMULATION
// The emulation has one block of shared memory per launch, and no __shared__ variables. Without
// this line each thread would silently get an array of its own.
#undef __shared__
#define __shared__ in_this_lesson_shared_memory_comes_from_dynamic_shared
// engine/cuda/reduce.h has the answers to two tasks.
#pragma GCC poison warp_sum warp_max block_sum
#endif

namespace mdn::lesson {

__global__ void relu_kernel(int64_t count, const float* x, float* y);
__global__ void row_sums_kernel(int64_t columns, const float* x, float* y);
__global__ void row_maxima_kernel(int64_t rows, int64_t columns, const float* x, float* y);
__global__ void transpose_kernel(int64_t rows, int64_t columns, const float* x, float* y);

}  // namespace mdn::lesson
