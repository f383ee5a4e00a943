// Reverse-mode differentiation: a tape of nodes, one per recorded op.
//
// Gradient contract: leaves accumulate (+=) into Tensor::grad(); backward() frees the graph as it
// walks it; a second backward() through a freed node throws an Error that says so.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/module_scope.h"
#include "engine/saved_tensor.h"
#include "engine/tensor.h"

namespace mdn {

/// One gradient per input of an op, in order; undefined where an input needs none.
using Gradients = std::vector<Tensor>;
/// Maps the gradient of an op's output to those of its inputs.
using BackwardFunction = std::function<Gradients(const Tensor& dy)>;

/// What an op's backward begins with, if it can also be done by the op whose share of dy comes
/// last, while that has the numbers at hand (ops/saved_norm.h has the one such beginning). The tape
/// counts the shares.
struct Beginning {
    Beginning() = default;
    virtual ~Beginning() = default;
    Beginning(const Beginning&) = delete;
    Beginning& operator=(const Beginning&) = delete;
    int64_t shares_to_come = 0;
};

/// One op on the tape. It knows its inputs' metadata, never their memory: what the backward pass
/// needs is exactly what the closure captured, and is freed with it.
struct Node {
    const char* op;
    ModuleName module;  // that was under way
    uint64_t order;     // creation order, which is a topological order of the graph
    std::vector<std::shared_ptr<AutogradMeta>> inputs;  // null where no gradient is wanted
    BackwardFunction backward;                          // empty once used
    std::shared_ptr<Recipe> recipe;                     // of its output; null where it is kept
    std::shared_ptr<Beginning> beginning;               // of its backward; null where it has none
    ~Node();
};

/// What makes a tensor part of the graph.
struct AutogradMeta {
    std::shared_ptr<Node> node;  // the op that produced it; null for a leaf
    Tensor grad;                 // leaves only
};

/// Attaches `y` to the tape as the output of `op` if gradients are enabled and an input requires
/// one; otherwise returns `y` as it is and drops the closure with all it captured. The closure
/// must not capture `y` itself (a cycle): capture y.detach(). With a recipe, SavedTensor(y) keeps
/// that instead of y. A `beginning` is for ops that read y (beginning_of).
Tensor record(const char* op, Tensor y, const std::vector<Tensor>& inputs,
              BackwardFunction backward, std::shared_ptr<Recipe> recipe = nullptr,
              std::shared_ptr<Beginning> beginning = nullptr);

/// Propagates `seed` (default: ones, allowed only for a one-element y) from `y` to every leaf.
/// Iterative, so depth is bounded by memory and not by the stack. Throws Error if `y` does not
/// require a gradient, if the seed's shape differs, or if the graph was already freed.
void backward(const Tensor& y, const Tensor& seed = {});

/// Where the gradient of x is collected during the backward pass, for closures to capture: it holds
/// neither x nor the graph. 0 for a leaf, and where x needs no gradient.
uint64_t gradient_place(const Tensor& x);
/// For closures: the gradient that other consumers of that x have given so far, taken out, so that
/// the op adds its own to it in place and returns the sum. Undefined where there is none, for place
/// 0, and where others may see that memory.
Tensor take_gradient_so_far(uint64_t place);

/// What the backward of the op that made x begins with, for closures to capture; null where there
/// is nothing that others can do.
std::shared_ptr<Beginning> beginning_of(const Tensor& x);
/// For closures: whether the gradient that this one gives for x, together with what it has taken
/// out of x's `place`, is the whole one. Then it may do the beginning, and says so in it. Never
/// while the tape is observed.
bool gives_whole_gradient(uint64_t place, const Beginning& beginning);

/// Told what goes onto the tape and what comes back along it: for drawing the graph, and for
/// sending gradients away while the backward pass goes on.
class TapeObserver {
  public:
    virtual ~TapeObserver() = default;
    /// `node` was recorded for `y`; `inputs` are all of the op's, those without a gradient too.
    virtual void recorded(const Node& node, const Tensor& y, const std::vector<Tensor>& inputs) = 0;
    /// `dy`, the whole gradient of the node's output, is about to go through it.
    virtual void gradient(const Node& node, const Tensor& dy) = 0;
    /// A leaf has been given a gradient by one of the nodes that read it.
    virtual void leaf(const AutogradMeta&) {}
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
