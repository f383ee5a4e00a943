// What the exercise of lesson 2 and its checks share.
#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

namespace mdn::lesson {

/// A function whose input is a tensor and whose value is one number, as a loss is.
using Loss = std::function<double(const Tensor& x)>;

/// The gradients of a product's two factors.
struct ProductGradients {
    Tensor a, b;
};

/// One node of a graph: a leaf, or an op that has read other nodes.
struct GraphNode {
    /// The numbers of the nodes that it reads, in order. The same number may be there twice. A leaf
    /// reads none.
    std::vector<int64_t> inputs;
    /// From the gradient of this node to one gradient per input, in the order of `inputs`. What it
    /// returns may share memory: with each other, and with dy. A leaf has none (an empty function).
    std::function<std::vector<Tensor>(const Tensor& dy)> backward;
};

}  // namespace mdn::lesson
