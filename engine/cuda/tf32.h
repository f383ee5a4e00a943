// The setting behind `--precision tf32`.
#pragma once

namespace mdn {

/// Whether products of float may round their factors to TF32. Not so at first.
void set_tf32_allowed(bool allowed);
bool tf32_is_allowed();

}  // namespace mdn
