// Reverse-mode differentiation: a tape of nodes, one per recorded op.
//
// Gradient contract: leaves accumulate (+=) into Tensor::grad(); backward() frees the graph as it
// walks it; a second backward() through a freed node throws an Error that says so.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/module_scope.h"
#include "engine/tensor.h"

namespace mdn {

/// One gradient per input of an op, in order; undefined where an input needs none.
using Gradients = std::vector<Tensor>;
/// Maps the gradient of an op's output to those of its inputs.
using BackwardFunction = std::function<Gradients(const Tensor& dy)>;

/// One op on the tape. It knows its inputs' metadata, never their memory: what the backward pass
/// needs is exactly what the closure captured, and is freed with it.
struct Node {
    const char* op;
    ModuleName module;  // that was under way
    uint64_t order;     // creation order, which is a topological order of the graph
    std::vector<std::shared_ptr<AutogradMeta>> inputs;  // null where no gradient is wanted
    BackwardFunction backward;                          // empty once used
    ~Node();
};

/// What makes a tensor part of the graph.
struct AutogradMeta {
    std::shared_ptr<Node> node;  // the op that produced it; null for a leaf
    Tensor grad;                 // leaves only
};

/// Attaches `y` to the tape as the output of `op` if gradients are enabled and an input requires
/// one; otherwise returns `y` as it is and drops the closure with all it captured. The closure
/// must not capture `y` itself (a cycle): capture y.detach().
Tensor record(const char* op, Tensor y, const std::vector<Tensor>& inputs,
              BackwardFunction backward);

/// Propagates `seed` (default: ones, allowed only for a one-element y) from `y` to every leaf.
/// Iterative, so depth is bounded by memory and not by the stack. Throws Error if `y` does not
/// require a gradient, if the seed's shape differs, or if the graph was already freed.
void backward(const Tensor& y, const Tensor& seed = {});

/// Told what goes onto the tape and what comes back along it: for drawing the graph.
class TapeObserver {
  public:
    virtual ~TapeObserver() = default;
    /// `node` was recorded for `y`; `inputs` are all of the op's, those without a gradient too.
    virtual void recorded(const Node& node, const Tensor& y, const std::vector<Tensor>& inputs) = 0;
    /// `dy`, the whole gradient of the node's output, is about to go through it.
    virtual void gradient(const Node& node, const Tensor& dy) = 0;
};

/// Null unless the tape of this thread is observed.
inline thread_local TapeObserver* tape_observer = nullptr;

/// True unless a NoGrad is alive on this thread.
bool grad_enabled();

/// While alive, ops on this thread record nothing.
class NoGrad {
  public:
    NoGrad();
    ~NoGrad();
    NoGrad(const NoGrad&) = delete;
    NoGrad& operator=(const NoGrad&) = delete;

  private:
    bool previous_;
};

}  // namespace mdn
