// The one place that knows which devices this build has.
#include "engine/allocator.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/kernels.h"

#ifdef MDN_CUDA
#include "engine/cuda/cuda_kernels.h"
#endif

namespace mdn {

namespace {

#ifdef MDN_CUDA
Kernels& gpu_kernels() { return cuda_kernels(); }
Allocator& gpu_allocator() { return cuda_allocator(); }
#else
[[noreturn]] void complain() {
    throw Error("this program was built without CUDA",
                "rebuild with make CUDA=1 where the CUDA toolkit is installed, or run with "
                "--device cpu");
}
Kernels& gpu_kernels() { complain(); }
Allocator& gpu_allocator() { complain(); }
#endif

}  // namespace

Kernels& kernels(Device device) {
    static CpuKernels cpu;
    return device == Device::cuda ? gpu_kernels() : cpu;
}

Allocator& allocator(Device device) {
    return device == Device::cuda ? gpu_allocator() : cpu_allocator();
}

}  // namespace mdn
