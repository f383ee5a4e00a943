// The device of the emulated CUDA runtime: its memory, and how it runs a grid.
#include <cuda_runtime.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "engine/error.h"
#include "tests/cuda_emulation/runtime.h"
#include "tests/cuda_emulation/streams.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(begin, bytes) __asan_poison_memory_region(begin, bytes)
#define UNPOISON(begin, bytes) __asan_unpoison_memory_region(begin, bytes)
#else
#define POISON(begin, bytes)
#define UNPOISON(begin, bytes)
#endif

dim3 gridDim, blockDim, blockIdx, threadIdx;

namespace mdn {

/// What dynamic_shared (engine/cuda/launch.h) hands to kernels.
__align__(16) unsigned char block_memory[emulation::shared_capacity];

namespace emulation {

namespace {

int64_t memory_limit = int64_t{4} << 30;
int64_t memory_used = 0;
size_t asked_shared_bytes = 0;

/// Device memory lies between guards, so that a kernel that writes beyond it is caught on any
/// build; memory starts as NaN, so that one that reads what nobody wrote gives itself away.
constexpr size_t guard_bytes = 256;
constexpr unsigned char guard_pattern = 0xA5, fresh_pattern = 0xFF;
std::map<const void*, size_t> allocations, pinned;  // begin, bytes

bool guards_hold(const void* memory, size_t bytes) {
    const auto* begin = static_cast<const unsigned char*>(memory);
    for (size_t i = 0; i < guard_bytes; ++i)
        if (begin[-1 - static_cast<ptrdiff_t>(i)] != guard_pattern ||
            begin[bytes + i] != guard_pattern)
            return false;
    return true;
}

bool holds(const std::map<const void*, size_t>& blocks, const void* memory) {
    const auto after = blocks.upper_bound(memory);
    if (after == blocks.begin()) return false;
    const auto& [begin, bytes] = *std::prev(after);
    return memory < static_cast<const char*>(begin) + bytes;
}

}  // namespace

void set_memory_limit(int64_t bytes) { memory_limit = bytes; }
void set_free_memory(int64_t bytes) { memory_limit = memory_used + bytes; }

size_t shared_bytes() { return asked_shared_bytes; }

void check_guards() {
    finish_all();
    for (const auto& [memory, bytes] : allocations)
        if (!guards_hold(memory, bytes))
            throw Error("[emulation] a kernel wrote outside a block of " + std::to_string(bytes) +
                        " bytes");
}

void run_grid(dim3 grid, dim3 threads, size_t shared_bytes, const std::function<void()>& thread) {
    const unsigned count = threads.x * threads.y * threads.z;
    if (count == 0 || count > 1024 || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 ||
        grid.z > 65535 || shared_bytes > shared_capacity)
        throw Error("[emulation] invalid launch: " + std::to_string(grid.x) + "×" +
                    std::to_string(grid.y) + "×" + std::to_string(grid.z) + " blocks of " +
                    std::to_string(count) + " threads, " + std::to_string(shared_bytes) +
                    " bytes of shared memory");
    gridDim = grid;
    blockDim = threads;
    asked_shared_bytes = shared_bytes;
    forget_copies();  // of a block that failed
    const auto enter = [&](int i) {
        const auto n = static_cast<unsigned>(i);
        threadIdx = dim3(n % threads.x, n / threads.x % threads.y, n / (threads.x * threads.y));
    };
    for (unsigned z = 0; z < grid.z; ++z)
        for (unsigned y = 0; y < grid.y; ++y)
            for (unsigned x = 0; x < grid.x; ++x) {
                blockIdx = dim3(x, y, z);
                UNPOISON(block_memory, shared_capacity);
                std::memset(block_memory, fresh_pattern, shared_bytes);
                POISON(block_memory + shared_bytes, shared_capacity - shared_bytes);
                run_block(static_cast<int>(count), enter, thread);
                require_no_copies();
            }
    UNPOISON(block_memory, shared_capacity);
}

}  // namespace emulation
}  // namespace mdn

using namespace mdn::emulation;

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "cudaSuccess";
        case cudaErrorMemoryAllocation:
            return "cudaErrorMemoryAllocation";
        case cudaErrorInsufficientDriver:
            return "cudaErrorInsufficientDriver";
        case cudaErrorNoDevice:
            return "cudaErrorNoDevice";
        case cudaErrorNoKernelImageForDevice:
            return "cudaErrorNoKernelImageForDevice";
        case cudaErrorStreamCaptureUnjoined:
            return "cudaErrorStreamCaptureUnjoined";
        default:
            return "cudaErrorInvalidValue";
    }
}
const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDevice(int* device) {
    *device = 0;
    return cudaSuccess;
}
/// Each process has a GPU of its own, unless EMULATED_GPU names it.
cudaError_t cudaDeviceGetPCIBusId(char* id, int length, int) {
    const char* const named = std::getenv("EMULATED_GPU");
    if (named)
        std::snprintf(id, static_cast<size_t>(length), "%s", named);
    else
        std::snprintf(id, static_cast<size_t>(length), "%08X:01:00.0",
                      static_cast<unsigned>(::getpid()));
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {"emulated GPU",
                   9,
                   0,
                   4,
                   static_cast<size_t>(memory_limit),
                   mdn::emulation::shared_capacity};
    return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
    *free = static_cast<size_t>(memory_limit - memory_used);
    *total = static_cast<size_t>(memory_limit);
    return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
    if (memory_used + static_cast<int64_t>(bytes) > memory_limit) return cudaErrorMemoryAllocation;
    const size_t rounded = (bytes + 255) / 256 * 256;
    auto* block = static_cast<unsigned char*>(std::aligned_alloc(256, rounded + 2 * guard_bytes));
    std::memset(block, guard_pattern, rounded + 2 * guard_bytes);
    std::memset(block + guard_bytes, fresh_pattern, bytes);
    *memory = block + guard_bytes;
    allocations[*memory] = bytes;
    memory_used += static_cast<int64_t>(bytes);
    return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
    if (!memory) return cudaSuccess;
    const auto found = allocations.find(memory);
    if (found == allocations.end()) return cudaErrorInvalidValue;
    finish_all();
    memory_used -= static_cast<int64_t>(found->second);
    allocations.erase(found);
    std::free(static_cast<unsigned char*>(memory) - guard_bytes);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, size_t bytes) {
    *memory = std::malloc(bytes);
    if (!*memory) return cudaErrorMemoryAllocation;
    pinned[*memory] = bytes;
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
    finish_all();
    pinned.erase(memory);
    std::free(memory);
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
    const auto copy = [=] { std::memmove(to, from, bytes); };
    const auto is_pageable = [](const void* memory) {
        return !holds(allocations, memory) && !holds(pinned, memory);
    };
    if (bytes == 0 || (!is_pageable(to) && !is_pageable(from))) return enqueue(stream, copy);
    // The host may free or overwrite such memory as soon as this returns.
    if (is_capturing(stream)) return cudaErrorInvalidValue;
    finish(stream);
    copy();
    return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
    return enqueue(stream, [=] { std::memset(memory, value, bytes); });
}
