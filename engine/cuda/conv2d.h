// The one setting of the CUDA convolutions.
#pragma once

#include <cstdint>

namespace mdn {

/// Bytes of scratch memory that the parts of a weight gradient may take together (32 MiB at first):
/// the sum over pixels is cut into as many parts as fit, or is left whole.
void set_conv2d_scratch(int64_t bytes);

}  // namespace mdn
