// The one place that knows which devices this build has.
#include "engine/backend.h"

#include "engine/profile.h"

namespace mdn {

#ifndef MDN_CUDA
Backend& cuda_backend() {
    throw Error("this program was built without CUDA",
                "rebuild with make CUDA=1 where the CUDA toolkit is installed, or run with "
                "--device cpu");
}
#endif

Backend& backend(Device device) { return device == Device::cuda ? cuda_backend() : cpu_backend(); }

Kernels& kernels(Device device) {
    if (Kernels* profiling = profiling_kernels(device)) return *profiling;
    return backend(device).kernels();
}

Allocator& allocator(Device device) { return backend(device).allocator(); }

}  // namespace mdn
