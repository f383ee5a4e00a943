// What the numbers of a stored tensor must be, whatever file they come from.
#pragma once

#include <string>

#include "engine/tensor.h"

namespace mdn {

/// Throws Error naming the file and the tensor, `name` as the file calls it, if one of its numbers
/// (f32 or f64) is not finite as a float, or negative where the tensor is a running variance, whose
/// root is taken. Other dtypes have no such numbers.
void check_numbers(const std::string& path, const std::string& name, const Tensor& tensor);

}  // namespace mdn
