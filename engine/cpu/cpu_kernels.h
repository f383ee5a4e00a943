// The CPU's side of the kernel contract; `cpu/<op>.cpp` defines the methods.
#pragma once

#include "engine/kernels.h"

namespace mdn {

class CpuKernels final : public Kernels {
  public:
    bool finishes() const override { return true; }
#define KERNEL(name, parameters, ...) void name parameters override;
#include "engine/kernel_list.h"
};

}  // namespace mdn
