// For kernels that only move rows of memory: what the rows hold does not matter to them, only how
// many bytes move at once.
#pragma once

#include "engine/cuda/launch.h"

namespace mdn {

template <int bytes>
struct alignas(bytes) CopyUnit {
    unsigned char at[bytes];
};

/// Calls f(CopyUnit{}) with the largest unit, of 16, 4 or 2 bytes, that `bytes` is a multiple of:
/// the length of the rows, or the greatest common divisor of their lengths.
template <class F>
void with_copy_unit(int64_t bytes, F&& f) {
    if (bytes % 16 == 0) return f(CopyUnit<16>{});
    if (bytes % 4 == 0) return f(CopyUnit<4>{});
    return f(CopyUnit<2>{});
}

}  // namespace mdn
