// Central differences in double against what backward() says.
#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace mdn::test {

/// An op, or a composition of ops, as a function of its differentiable inputs.
using Function = std::function<Tensor(const std::vector<Tensor>& inputs)>;

struct GradientError {
    double relative = 0;       // worst over inputs of ‖numeric − analytic‖ / ‖numeric‖
    double smallest_norm = 0;  // least over inputs of ‖analytic‖: 0 means nothing was checked
};

/// Compares the gradient of ⟨f(inputs), r⟩, r random, for every input (f64 tensors; at most
/// `samples` elements of each, chosen at random). `f` must be the same function at every call.
GradientError gradient_error(const Function& f, const std::vector<Tensor>& inputs,
                             int64_t samples = 200);

/// CHECKs that the relative error is at most 1e-6 and that no input's gradient is zero.
void check_gradients(const Function& f, const std::vector<Tensor>& inputs);

/// ‖a − b‖ / ‖b‖ over tensors of either floating dtype; infinite if the shapes differ.
double relative_error(const Tensor& a, const Tensor& b);

}  // namespace mdn::test
