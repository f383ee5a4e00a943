// The GPU's side of the kernel contract; `cuda/<op>.cu` defines the methods. Activations are f32 or
// bf16; parameters, statistics and losses f32.
#pragma once

#include "engine/allocator.h"
#include "engine/kernels.h"

namespace mdn {

class CudaKernels final : public Kernels {
  public:
    std::string device_name() const override;
    void allow_tf32() override;
#define KERNEL(name, parameters, ...) void name parameters override;
#include "engine/kernel_list.h"
};

/// Throw Error, saying why, when there is no GPU that this build can use.
Kernels& cuda_kernels();
Allocator& cuda_allocator();

}  // namespace mdn
