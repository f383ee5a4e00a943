#include "tests/engine/files/onnx/run.h"

#include "tests/engine/files/onnx/operators.h"

namespace mdn::test {

namespace {

using Arrays = std::vector<Array>;
using Values = std::map<std::string, Array>;

class Run {
  public:
    explicit Run(const onnx::Model& model) : model_(model) {}

    void nodes(const std::vector<onnx::Node>& nodes, Values& values) const {
        for (const onnx::Node& node : nodes) {
            Arrays in;
            for (const std::string& name : node.inputs) in.push_back(values.at(name));
            const Arrays out = node.domain.empty() ? run_operator(node, in) : call(node, in);
            if (out.size() != node.outputs.size())
                fail_run(node.name + ": other numbers of outputs");
            for (size_t i = 0; i < out.size(); ++i) values.emplace(node.outputs[i], out[i]);
        }
    }

  private:
    Arrays call(const onnx::Node& node, const Arrays& in) const {
        for (const onnx::Function& function : model_.functions) {
            if (function.name != node.op) continue;
            Values inside;
            for (size_t i = 0; i < in.size(); ++i) inside.emplace(function.inputs.at(i), in[i]);
            nodes(function.nodes, inside);
            Arrays out;
            for (const std::string& name : function.outputs) out.push_back(inside.at(name));
            return out;
        }
        fail_run("no function " + node.op);
    }

    const onnx::Model& model_;
};

}  // namespace

std::map<std::string, Tensor> run_onnx(const onnx::Model& model,
                                       const std::map<std::string, Tensor>& inputs) {
    Values values;
    for (const onnx::Initializer& each : model.initializers)
        values.emplace(each.name, Array(each.read()));
    for (const onnx::Value& input : model.inputs)
        values.emplace(input.name, Array(inputs.at(input.name)));
    const int64_t clips = values.at(model.inputs.front().name).dim(0);
    Run(model).nodes(model.nodes, values);

    const auto check_shape = [&](const onnx::Value& value) {
        Shape said = value.type.shape;
        if (!value.type.per.empty()) said.at(0) *= clips;
        if (values.at(value.name).shape != said)
            fail_run(value.name + " is said to be " + to_string(said) + " and is " +
                     to_string(values.at(value.name).shape));
    };
    for (const auto* list : {&model.inputs, &model.values, &model.outputs})
        for (const onnx::Value& value : *list) check_shape(value);
    std::map<std::string, Tensor> outputs;
    for (const onnx::Value& output : model.outputs) {
        const Array& found = values.at(output.name);
        outputs.emplace(output.name, Tensor::from(found.values, found.shape));
    }
    return outputs;
}

}  // namespace mdn::test
