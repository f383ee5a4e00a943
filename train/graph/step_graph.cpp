#include "train/graph/step_graph.h"

#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "train/load_model.h"

namespace mdn {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

double norm(const Tensor& x) {
    const Tensor host = on_device(x, Device::cpu);
    double squares = 0;
    const auto add_up = [&](const auto* values) {
        for (int64_t i = 0; i < host.numel(); ++i)
            squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
    };
    if (host.dtype() == DType::f64)
        add_up(host.data<double>());
    else
        add_up(host.data<float>());
    return std::sqrt(squares);
}

class Recorder final : public TapeObserver {
  public:
    Recorder(const ParameterStore& parameters, const Inputs& inputs) {
        for (const auto& [name, tensor] :
             {std::pair{"frames", inputs.frames}, {"joints", inputs.joints}})
            if (tensor.defined()) inputs_[tensor.raw()] = {name, tensor};
        for (const Parameter& parameter : parameters.all())
            if (parameter.trained()) leaves_[autograd_meta(parameter.value).get()] = &parameter;
        tape_observer = this;
    }
    ~Recorder() override { tape_observer = nullptr; }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void recorded(const Node& node, const Tensor& y, const std::vector<Tensor>& inputs) override {
        GraphValue value{ValueKind::result, node.op, node.module, y.shape(), none, {}};
        for (const Tensor& input : inputs)
            if (const auto place = place_of(input, node.module)) value.inputs.push_back(*place);
        results_[node.order] = graph_.size();
        graph_.push_back(std::move(value));
    }
    void gradient(const Node& node, const Tensor& dy) override {
        graph_[results_.at(node.order)].gradient_norm = norm(dy);
    }

    StepGraph graph() {
        for (const auto& [meta, parameter] : leaves_)
            if (const auto place = sources_.find(meta);
                place != sources_.end() && parameter->value.grad().defined())
                graph_[place->second].gradient_norm = norm(parameter->value.grad());
        return std::move(graph_);
    }

  private:
    std::optional<size_t> place_of(const Tensor& x, ModuleName module) {
        if (!x.defined()) return {};
        const AutogradMeta* const meta = autograd_meta(x).get();
        if (meta && meta->node) return results_.at(meta->node->order);
        if (const auto leaf = leaves_.find(meta); meta && leaf != leaves_.end()) {
            const Parameter& parameter = *leaf->second;
            return add(meta, {ValueKind::parameter, parameter.name, module, x.shape(), none, {}});
        }
        const auto input = inputs_.find(x.raw());
        if (input == inputs_.end()) return {};  // a constant, such as labels
        const auto& [name, given] = input->second;
        return add(x.raw(), {ValueKind::input, name, "", given.shape(), none, {}});
    }
    /// The place of what no op gave, which is new the first time.
    size_t add(const void* key, GraphValue value) {
        const auto [place, is_new] = sources_.emplace(key, graph_.size());
        if (is_new) graph_.push_back(std::move(value));
        return place->second;
    }

    std::map<const void*, std::pair<std::string, Tensor>> inputs_;
    std::map<const AutogradMeta*, const Parameter*> leaves_;
    std::map<const void*, size_t> sources_;  // places of parameters and inputs
    std::map<uint64_t, size_t> results_;     // by the node's order
    StepGraph graph_;
};

}  // namespace

StepGraph record_step_graph(MicroDualNet& model, const TraceInput& input) {
    if (!input.labels.defined())
        throw Error("the loss needs labels, and the input has none",
                    "add `labels` [B] i64 to the input");
    const Device device = model.parameters().device();
    const Inputs inputs = on_device(input.inputs, device);
    model.parameters().zero_grad();
    Recorder recorder(model.parameters(), inputs);
    const Outputs outputs = model.forward(
        inputs, on_device(input.labels, device),
        {.training = true, .dropout_seed_and_step = Tensor::zeros({2}, DType::i64, device)});
    backward(outputs.loss);
    return recorder.graph();
}

}  // namespace mdn
