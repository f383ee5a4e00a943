// What every .cu file starts from: launching kernels, checking calls, indices and shared memory.
//
// The language is CUDA's, and small on purpose: indices, __syncthreads, warp shuffles, one block of
// shared memory. So the kernels also compile with g++ where tests/cuda_emulation supplies the same
// names, and run on the CPU.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include "engine/cuda/context.h"
#include "engine/launch_observer.h"

namespace mdn {

inline constexpr int warp_threads = 32;
/// Threads of a block where nothing asks for another number.
inline constexpr int block_threads = 256;

/// The stored types of activations: float or bf16. All arithmetic is in float.
using bf16 = __nv_bfloat16;
__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
template <class T>
__device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) {
    return x;
}
template <>
__device__ __forceinline__ bf16 from_float<bf16>(float x) {
    return __float2bfloat16(x);
}

/// The block's shared memory: as many bytes as the launch asked for, not initialised.
extern __shared__ __align__(16) unsigned char block_memory[];
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
    return reinterpret_cast<T*>(block_memory);
}

/// This thread's number in the grid, and the number of all threads, of one-dimensional launches:
/// for (int64_t i = first_index(); i < count; i += index_step()) …
__device__ __forceinline__ int64_t first_index() {
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ int64_t index_step() {
    return static_cast<int64_t>(gridDim.x) * blockDim.x;
}

inline int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Runs kernel(arguments...) on the engine's stream with `blocks` × `threads` (whole warps) and
/// `shared_bytes` of shared memory. Nothing happens when there are no blocks. Throws Error when
/// the launch is refused.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 blocks, int threads, int64_t shared_bytes,
            Arguments&&... arguments) {
    if (blocks.x == 0 || blocks.y == 0 || blocks.z == 0) return;
    if (shared_bytes > default_shared_bytes)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(shared_bytes)),
              "shared memory of a kernel");
    cudaLaunchConfig_t config{};
    config.gridDim = blocks;
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
    config.stream = cuda_context().stream();
    if (launch_observer) launch_observer->kernel_launched();
    check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
          "a kernel launch");
}

/// Blocks for `items`, `per_block` in each. Throws Error beyond what a grid can have.
dim3 blocks_for(int64_t items, int64_t per_block = 1);

/// A launch whose threads stride over `count` items (first_index, index_step): a full device's
/// worth of blocks at most.
template <class... Parameters, class... Arguments>
void launch_over(int64_t count, void (*kernel)(Parameters...), Arguments&&... arguments) {
    const int64_t wanted = ceil_divide(count, block_threads);
    const int64_t most = cuda_context().multiprocessors() * int64_t{16};
    launch(kernel, blocks_for(wanted < most ? wanted : most), block_threads, 0,
           std::forward<Arguments>(arguments)...);
}

}  // namespace mdn
