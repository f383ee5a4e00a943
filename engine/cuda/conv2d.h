// The one setting of the CUDA convolutions.
#pragma once

#include <cstdint>

namespace mdn {

/// Bytes of scratch memory a convolution may write patches to (32 MiB at first): more than one row
/// of them takes, it is cut into parts.
void set_conv2d_scratch(int64_t bytes);

}  // namespace mdn
