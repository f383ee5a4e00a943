// The GPU's side of the kernel contract; `cuda/<op>.cu` defines the methods. Activations are f32 or
// bf16; parameters, statistics and losses f32.
#pragma once

#include "engine/kernels.h"

namespace mdn {

class CudaKernels final : public Kernels {
  public:
    std::string device_name() const override;
    void allow_tf32() override;
    bool fuses() const override { return true; }
#define KERNEL(name, parameters, ...) void name parameters override;
#include "engine/kernel_list.h"
};

}  // namespace mdn
