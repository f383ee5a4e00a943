// Float against double: the same op in both dtypes.
#pragma once

#include "tests/engine/gradient_check.h"

namespace mdn::test {

/// CHECKs that `f` and its gradients (seeded alike) are the same on f32 copies of the f64 inputs,
/// each up to a relative error of `tolerance`.
void check_float(const Function& f, const std::vector<Tensor>& inputs, double tolerance = 2e-6);

}  // namespace mdn::test
