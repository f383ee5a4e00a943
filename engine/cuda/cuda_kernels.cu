#include "engine/cuda/cuda_kernels.h"

#include <cstdlib>
#include <string>

#include "engine/cuda/launch.h"

namespace mdn {

std::string CudaKernels::device_name() const { return cuda_context().description(); }

Kernels& cuda_kernels() {
    cuda_context();  // complains, where there is reason to, before anything else does
    static CudaKernels cuda;
    return cuda;
}

Allocator& cuda_allocator() {
    const auto allocate = [](int64_t bytes) -> void* {
        cuda_context();
        void* segment = nullptr;
        const cudaError_t error = cudaMalloc(&segment, static_cast<size_t>(bytes));
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            return nullptr;
        }
        check(error, "allocating memory");
        return segment;
    };
    const auto release = [](void* segment) {
        cuda_context().synchronize();  // kernels may still be using it
        cudaFree(segment);
    };
    const auto free_bytes = []() -> int64_t {
        size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "asking for free memory");
        return static_cast<int64_t>(free);
    };
    // Never destroyed, as the CPU's. Memory freed by one kernel's caller is handed to the next one
    // at once: everything runs in the order of one stream.
    static Allocator& cuda = [&]() -> Allocator& {
        const SystemMemory system{allocate, release, free_bytes, true};
        const char* const exact = std::getenv("MDN_EXACT_ALLOCATIONS");
        return *(exact && std::string(exact) == "1" ? exact_allocator(system)
                                                    : caching_allocator(system))
                    .release();
    }();
    return cuda;
}

}  // namespace mdn
