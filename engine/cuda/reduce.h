// Sums and maxima over a warp or a block, in a fixed order: the same bits at every run.
#pragma once

#include "engine/cuda/launch.h"

namespace mdn {

/// The sum over the warp, in every lane; T is float or double.
template <class T>
__device__ __forceinline__ T warp_sum(T value) {
    for (int distance = warp_threads / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(~0u, value, distance);
    return value;
}

/// The largest of the warp, in every lane.
__device__ __forceinline__ float warp_max(float value) {
    for (int distance = warp_threads / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
    return value;
}

/// Shared memory that block_sum needs, of floats or doubles.
inline constexpr int64_t block_sum_bytes = warp_threads * sizeof(double);

/// The sum over a one-dimensional block, in every thread. `scratch` is one T a warp of shared
/// memory (at most warp_threads), free again when the function returns.
template <class T>
__device__ __forceinline__ T block_sum(T value, T* scratch) {
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int warps = blockDim.x / warp_threads;
    value = warp_sum(value);
    if (lane == 0) scratch[warp] = value;
    __syncthreads();
    value = warp_sum(lane < warps ? scratch[lane] : T{0});
    __syncthreads();
    return value;
}

}  // namespace mdn
