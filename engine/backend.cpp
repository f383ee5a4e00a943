// The one place that knows which devices this build has.
#include "engine/cpu/cpu_kernels.h"
#include "engine/kernels.h"

namespace mdn {

Kernels& kernels(Device device) {
    if (device == Device::cuda)
        throw Error("this build has no CUDA kernels", "run with --device cpu");
    static CpuKernels cpu;
    return cpu;
}

}  // namespace mdn
