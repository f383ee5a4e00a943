// Tensors compared byte for byte.
#pragma once

#include <cstring>

#include "engine/tensor.h"

namespace mdn::test {

/// Of one shape and dtype, with the same bytes, whatever their dtype. Both on the CPU.
inline bool same_bits(const Tensor& a, const Tensor& b) {
    return a.shape() == b.shape() && a.dtype() == b.dtype() &&
           std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.bytes())) == 0;
}

}  // namespace mdn::test
