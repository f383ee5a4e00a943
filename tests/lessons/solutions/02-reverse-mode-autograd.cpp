#include <algorithm>
#include <cmath>

#include "docs/lessons/02-reverse-mode-autograd/exercise.h"
#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    const Tensor moved = x.clone();
    Tensor gradient = empty_like(x);
    for (int64_t i = 0; i < x.numel(); ++i) {
        double& element = moved.data<double>()[i];
        const double value = element, h = 1e-5 * std::max(1.0, std::abs(value));
        element = value + h;
        const double above = f(moved);
        element = value - h;
        const double below = f(moved);
        element = value;
        gradient.data<double>()[i] = (above - below) / (2 * h);
    }
    return gradient;
}

/// The offset in x of what element i of a tensor of `shape` reads.
int64_t place_in(const Tensor& x, const Shape& shape, int64_t i) {
    int64_t offset = 0, stride = 1;
    for (size_t axis = shape.size(); axis-- > 0; i /= shape[axis]) {
        if (x.dim(axis) > 1) offset += i % shape[axis] * stride;
        stride *= x.dim(axis);
    }
    return offset;
}

ProductGradients product_backward(const Tensor& dy, const Tensor& a, const Tensor& b) {
    const ProductGradients to = {zeros_like(a), zeros_like(b)};
    for (int64_t i = 0; i < dy.numel(); ++i) {
        const int64_t at = place_in(a, dy.shape(), i), bt = place_in(b, dy.shape(), i);
        to.a.data<double>()[at] += dy.data<double>()[i] * b.data<double>()[bt];
        to.b.data<double>()[bt] += dy.data<double>()[i] * a.data<double>()[at];
    }
    return to;
}

std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    std::vector<bool> seen(inputs.size());
    std::vector<int64_t> needed = {result}, readers(inputs.size());
    seen[result] = true;
    for (size_t i = 0; i < needed.size(); ++i)
        for (int64_t input : inputs[needed[i]]) {
            ++readers[input];
            if (seen[input]) continue;
            seen[input] = true;
            needed.push_back(input);
        }
    std::vector<int64_t> order = {result};
    for (size_t i = 0; i < order.size(); ++i)
        for (int64_t input : inputs[order[i]])
            if (--readers[input] == 0) order.push_back(input);
    return order;
}

std::vector<Tensor> gradients_of(const std::vector<GraphNode>& graph, int64_t result,
                                 const Tensor& dy) {
    std::vector<std::vector<int64_t>> inputs;
    for (const GraphNode& node : graph) inputs.push_back(node.inputs);
    std::vector<Tensor> gradients(graph.size());
    gradients[result] = dy;
    for (int64_t n : backward_order(inputs, result)) {
        const GraphNode& node = graph[n];
        if (!node.backward) continue;
        const std::vector<Tensor> shares = node.backward(gradients[n]);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            Tensor& sum = gradients[node.inputs[i]];
            sum = sum.defined() ? add(sum, shares[i]) : shares[i];
        }
    }
    return gradients;
}

}  // namespace mdn::lesson
