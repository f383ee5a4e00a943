// What the exercise of lesson 4 and its checks share.
#pragma once

#include <functional>

#include "engine/tensor.h"

namespace mdn::lesson {

/// Added to every variance, so that nothing is divided by 0.
constexpr double eps = 1e-5;
/// How much of a batch goes into the running statistics.
constexpr double momentum = 0.1;

/// A batch norm of C channels; four tensors [C].
struct BatchNormState {
    Tensor gamma, beta;                // learnt
    Tensor running_mean, running_var;  // written by training, read in evaluation
};

/// A convolution with a bias: weight [O,kh,kw,I], bias [O].
struct BiasedConvolution {
    Tensor weight, bias;
};

/// A block y = relu(F(x) + x) after its forward pass. All tensors of a block have one shape.
struct PassedBlock {
    Tensor y;
    /// The backward pass of F: from the gradient of F(x) to the gradient that x gets through F.
    std::function<Tensor(const Tensor& gradient)> branch_backward;
};

struct LayerNormGradients {
    Tensor x, gamma, beta;
};

}  // namespace mdn::lesson
