// The host's side of the emulated CUDA runtime: streams run everything at once, unless captured.
#include <cuda_runtime.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/error.h"
#include "tests/cuda_emulation/runtime.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(begin, bytes) __asan_poison_memory_region(begin, bytes)
#define UNPOISON(begin, bytes) __asan_unpoison_memory_region(begin, bytes)
#else
#define POISON(begin, bytes)
#define UNPOISON(begin, bytes)
#endif

dim3 gridDim, blockDim, blockIdx, threadIdx;

struct EmulatedStream {
    std::unique_ptr<EmulatedGraph> capturing;
};
struct EmulatedGraph {
    std::vector<std::function<void()>> work;
};

namespace mdn {

/// What dynamic_shared (engine/cuda/launch.h) hands to kernels: as much as any GPU has.
constexpr size_t shared_capacity = 227 << 10;
__align__(16) unsigned char block_memory[shared_capacity];

namespace emulation {

namespace {

int64_t memory_limit = int64_t{4} << 30;
int64_t memory_used = 0;

/// Device memory lies between guards, so that a kernel that writes beyond it is caught on any
/// build; memory starts as NaN, so that one that reads what nobody wrote gives itself away.
constexpr size_t guard_bytes = 256;
constexpr unsigned char guard_pattern = 0xA5, fresh_pattern = 0xFF;
std::unordered_map<void*, size_t> allocations;

bool guards_hold(const void* memory, size_t bytes) {
    const auto* begin = static_cast<const unsigned char*>(memory);
    for (size_t i = 0; i < guard_bytes; ++i)
        if (begin[-1 - static_cast<ptrdiff_t>(i)] != guard_pattern ||
            begin[bytes + i] != guard_pattern)
            return false;
    return true;
}

}  // namespace

void set_memory_limit(int64_t bytes) { memory_limit = bytes; }
void set_free_memory(int64_t bytes) { memory_limit = memory_used + bytes; }

void check_guards() {
    for (const auto& [memory, bytes] : allocations)
        if (!guards_hold(memory, bytes))
            throw Error("[emulation] a kernel wrote outside a block of " + std::to_string(bytes) +
                        " bytes");
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
    if (stream && stream->capturing)
        stream->capturing->work.push_back(std::move(work));
    else
        work();
    return cudaSuccess;
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
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {"emulated GPU",      9, 0, 4, static_cast<size_t>(memory_limit),
                   mdn::shared_capacity};
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
    memory_used -= static_cast<int64_t>(found->second);
    allocations.erase(found);
    std::free(static_cast<unsigned char*>(memory) - guard_bytes);
    return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, size_t bytes) {
    *memory = std::malloc(bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaFreeHost(void* memory) {
    std::free(memory);
    return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
    return enqueue(stream, [=] { std::memmove(to, from, bytes); });
}
cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
    return enqueue(stream, [=] { std::memset(memory, value, bytes); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = new EmulatedStream;
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    delete stream;
    return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return stream && stream->capturing ? cudaErrorInvalidValue : cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new double(0);
    return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
    using namespace std::chrono;
    *event = duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
    return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    *milliseconds = static_cast<float>(*stop - *start);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    stream->capturing = std::make_unique<EmulatedGraph>();
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    *graph = stream->capturing.release();
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    *status = stream->capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
    *executable = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
    for (const auto& work : executable->work) work();
    return cudaSuccess;
}
