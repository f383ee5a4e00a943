// Lesson 2, reverse-mode autograd. Replace each not_done(…) by your code; `make lesson N=2` checks
// it. All tensors are f64, and must keep their values. The ops of engine/ops.h are yours to use,
// but not the engine's own tape (record, backward).
#include "docs/lessons/02-reverse-mode-autograd/exercise.h"

#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

// Task 1. The gradient of f at x by central differences, one element after the other:
//   gradient_i = (f(x with x_i + h) − f(x with x_i − h)) / 2h,  h = 1e-5 · max(1, |x_i|)
// All other elements have the values that they have in x.
//
//   f        may be called as often as you like
//   x        any shape
//   returns  a new tensor of the shape of x
Tensor numeric_gradient(const Loss& f, const Tensor& x) { not_done(f, x); }

// Task 2. The backward pass of a product with broadcasting, y = a ⊙ b: the gradients of a and b
// from the gradient dy of y.
//
//   a, b     have the same number of axes (1 or more). Along an axis, their sizes are equal, or one
//            of them is 1: that one's elements are then used for every index of the other.
//            [2, 3] ⊙ [1, 3] is y_ij = a_ij · b_0j, and [2, 1] ⊙ [1, 3] is y_ij = a_i0 · b_0j
//   dy       has the shape of y: along each axis, the larger of the two sizes
//   returns  two new tensors, of the shapes of a and b
ProductGradients product_backward(const Tensor& dy, const Tensor& a, const Tensor& b) {
    not_done(dy, a, b);
}

// Task 3. The order in which the backward functions of a graph must run.
//
//   inputs   inputs[n] are the nodes that node n reads, as in GraphNode. There is no cycle. The
//            numbers say nothing about the order: node 0 may read node 5
//   result   the node where the backward pass begins
//   returns  the nodes on which the result depends and the result itself, each once and no others.
//            A node comes after every node of this list that reads it; so the result is first
std::vector<int64_t> backward_order(const std::vector<std::vector<int64_t>>& inputs,
                                    int64_t result) {
    not_done(inputs, result);
}

// Task 4. The backward pass: the gradient of every node.
//
//   graph    see GraphNode; numbered as in task 3
//   dy       the gradient of the result. All nodes have its shape
//   returns  one tensor per node, in the order of the numbers: the gradient of the node, or an
//            undefined Tensor (`Tensor()`) where the result does not depend on it
std::vector<Tensor> gradients_of(const std::vector<GraphNode>& graph, int64_t result,
                                 const Tensor& dy) {
    not_done(graph, result, dy);
}

}  // namespace mdn::lesson
