// Tests that multiply in TF32.
#pragma once

#include "engine/cuda/tf32.h"
#include "engine/kernels.h"

namespace mdn::test {

/// While alive, a GPU's products of float round their factors to TF32.
struct AllowTf32 {
    AllowTf32() { kernels(Device::cuda).allow_tf32(); }
    ~AllowTf32() { set_tf32_allowed(false); }
    AllowTf32(const AllowTf32&) = delete;
    AllowTf32& operator=(const AllowTf32&) = delete;
};

}  // namespace mdn::test
