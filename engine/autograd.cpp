#include "engine/autograd.h"

#include <atomic>
#include <map>

#include "engine/kernels.h"

namespace mdn {

namespace {

thread_local bool enabled = true;
std::atomic<uint64_t> next_order{0};

/// Nodes with a gradient waiting, newest first. An op is newer than what it reads, so when a node
/// comes up every consumer of its output has already added its share.
struct Pending {
    std::shared_ptr<Node> node;
    Tensor gradient;
};
using Waiting = std::map<uint64_t, Pending, std::greater<>>;
thread_local Waiting* waiting_now = nullptr;  // of the backward pass under way

/// Adds `dx` to `sum`, overwriting the memory of `sum` only if nobody else can see it: a closure
/// may return one tensor for two inputs.
void accumulate(Tensor& sum, const Tensor& dx) {
    if (!sum.defined()) {
        sum = dx;
    } else if (sum.owns_memory_alone()) {
        kernels(sum).add(sum, dx, sum);
    } else {
        Tensor total = empty_like(sum);
        kernels(sum).add(sum, dx, total);
        sum = total;
    }
}

/// While alive, take_gradient_so_far finds what waits.
class MakeKnown {
  public:
    explicit MakeKnown(Waiting& waiting) : before_(waiting_now) { waiting_now = &waiting; }
    ~MakeKnown() { waiting_now = before_; }
    MakeKnown(const MakeKnown&) = delete;
    MakeKnown& operator=(const MakeKnown&) = delete;

  private:
    Waiting* before_;
};

}  // namespace

Node::~Node() {
    // Unlinks ancestors one by one: destroying a long chain recursively would exhaust the stack.
    std::vector<std::shared_ptr<AutogradMeta>> pending = std::move(inputs);
    backward = nullptr;
    while (!pending.empty()) {
        std::shared_ptr<AutogradMeta> meta = std::move(pending.back());
        pending.pop_back();
        if (!meta || meta.use_count() != 1 || !meta->node || meta->node.use_count() != 1) continue;
        Node& node = *meta->node;
        BackwardFunction closure = std::move(node.backward);
        for (auto& input : node.inputs) pending.push_back(std::move(input));
        node.inputs.clear();
        // `closure` and the now edgeless node die here; tensors captured by the closure whose
        // metadata is also queued survive until their turn.
    }
}

Tensor record(const char* op, Tensor y, const std::vector<Tensor>& inputs,
              BackwardFunction backward, std::shared_ptr<Recipe> recipe,
              std::shared_ptr<Beginning> beginning) {
    if (!enabled) return y;
    auto node = std::make_shared<Node>();
    bool any = false;
    for (const Tensor& input : inputs) {
        const bool wanted = input.requires_grad();
        node->inputs.push_back(wanted ? autograd_meta(input) : nullptr);
        any = any || wanted;
    }
    if (!any) return y;
    node->op = op;
    node->module = module_under_way().module;
    node->order = next_order++;
    node->backward = std::move(backward);
    node->recipe = std::move(recipe);
    node->beginning = std::move(beginning);
    for (const auto& input : node->inputs)
        if (input && input->node && input->node->beginning)
            ++input->node->beginning->shares_to_come;
    y.set_requires_grad();
    if (tape_observer) tape_observer->recorded(*node, y, inputs);
    autograd_meta(y)->node = std::move(node);
    return y;
}

void backward(const Tensor& y, const Tensor& seed) {
    if (!y.requires_grad())
        throw Error("[autograd] backward() from a tensor that does not require a gradient");
    if (!seed.defined() && y.numel() != 1)
        throw Error("[autograd] backward() from shape " + to_string(y.shape()) +
                    " needs a seed gradient");
    if (seed.defined() && seed.shape() != y.shape())
        throw Error("[autograd] the seed's shape " + to_string(seed.shape()) +
                    " differs from the output's " + to_string(y.shape()));
    NoGrad no_grad;
    Tensor dy = seed.defined() ? seed.detach() : Tensor::full(y.shape(), 1, y.dtype(), y.device());
    const std::shared_ptr<AutogradMeta> root = autograd_meta(y);
    if (!root->node) {
        accumulate(root->grad, dy.clone());
        return;
    }

    Waiting waiting;
    const MakeKnown known(waiting);
    waiting[root->node->order] = {root->node, std::move(dy)};
    ModuleScope in(root->node->module, Pass::backward);
    while (!waiting.empty()) {
        const Pending current = std::move(waiting.begin()->second);
        waiting.erase(waiting.begin());
        Node& node = *current.node;
        if (!node.backward)
            throw Error(std::string("[autograd] the graph through ") + node.op +
                            " was already freed by an earlier backward()",
                        "run the forward pass again before a second backward()");
        const BackwardFunction closure = std::move(node.backward);
        node.backward = nullptr;
        node.recipe = nullptr;  // whoever reads the output has come up before
        node.beginning = nullptr;
        in.move_to(node.module);
        if (tape_observer) tape_observer->gradient(node, current.gradient);
        Gradients gradients = closure(current.gradient);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const std::shared_ptr<AutogradMeta> input = std::move(node.inputs[i]);
            if (!input) continue;
            Tensor dx = std::move(gradients.at(i));
            if (!dx.defined())
                throw std::logic_error(std::string("[autograd] the backward of ") + node.op +
                                       " gave no gradient for an input that requires one");
            if (input->node) {
                Pending& slot = waiting[input->node->order];
                slot.node = input->node;
                accumulate(slot.gradient, dx);
                if (input->node->beginning) --input->node->beginning->shares_to_come;
                continue;
            }
            if (input->grad.defined()) {
                accumulate(input->grad, dx);
            } else {
                // A leaf keeps its gradient: it must not share memory with anyone's.
                input->grad = dx.owns_memory_alone() ? std::move(dx) : dx.clone();
            }
            if (tape_observer) tape_observer->leaf(*input);
        }
    }
}

uint64_t gradient_place(const Tensor& x) {
    if (!x.requires_grad()) return 0;
    const std::shared_ptr<AutogradMeta> meta = autograd_meta(x);
    return meta->node ? meta->node->order + 1 : 0;
}

Tensor take_gradient_so_far(uint64_t place) {
    if (!waiting_now || place == 0) return {};
    const auto found = waiting_now->find(place - 1);
    if (found == waiting_now->end() || !found->second.gradient.defined() ||
        !found->second.gradient.owns_memory_alone())
        return {};
    return std::move(found->second.gradient);
}

std::shared_ptr<Beginning> beginning_of(const Tensor& x) {
    if (!x.requires_grad()) return nullptr;
    const std::shared_ptr<AutogradMeta> meta = autograd_meta(x);
    return meta->node ? meta->node->beginning : nullptr;
}

bool gives_whole_gradient(uint64_t place, const Beginning& beginning) {
    if (!waiting_now || place == 0 || tape_observer || beginning.shares_to_come != 1) return false;
    const auto found = waiting_now->find(place - 1);
    return found == waiting_now->end() || !found->second.gradient.defined();
}

bool grad_enabled() { return enabled; }

NoGrad::NoGrad() : previous_(enabled) { enabled = false; }
NoGrad::~NoGrad() { enabled = previous_; }

}  // namespace mdn
