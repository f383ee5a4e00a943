// What Winograd's convolutions leave out, for `bench` to tell work that is done from work that
// counts.
#pragma once

#include <cstdint>

namespace mdn {

/// Multiply-adds that this process has saved by Winograd's passes so far: those of the definition
/// less those of the products at the points. Counted in conv2d_winograd.cpp.
int64_t multiply_adds_saved();

}  // namespace mdn
