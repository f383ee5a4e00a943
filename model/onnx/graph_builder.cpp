#include "model/onnx/graph_builder.h"

#include <algorithm>
#include <stdexcept>

namespace mdn::onnx {

namespace {

/// What multiplies the first axis of all that depends on the input.
constexpr const char* clips = "clips";

}  // namespace

GraphBuilder::Place::Place(GraphBuilder& graph, const std::string& name, int64_t module)
    : graph_(graph), outer_path_(graph.path_), outer_module_(graph.module_) {
    graph.path_ += name + "/";
    graph.module_ = module;
}

GraphBuilder::Place::~Place() {
    graph_.path_ = outer_path_;
    graph_.module_ = outer_module_;
}

GraphBuilder::Place GraphBuilder::module(const std::string& name, const std::string& type,
                                         const std::string& equation) {
    model_.modules.push_back({path_ + name, type, equation, module_});
    return {*this, name, static_cast<int64_t>(model_.modules.size()) - 1};
}

Edge GraphBuilder::input(const std::string& name, const Shape& shape,
                         const std::string& description) {
    Type type{.shape = shape, .per = clips};
    type.shape.insert(type.shape.begin(), 1);
    model_.inputs.push_back({name, type, description});
    return {name, type};
}

void GraphBuilder::output(const Edge& value, const std::string& name,
                          const std::string& description) {
    const auto rename = [&](std::vector<std::string>& names) {
        std::replace(names.begin(), names.end(), value.name, name);
    };
    for (Node& node : model_.nodes) {
        rename(node.inputs);
        rename(node.outputs);
    }
    std::erase_if(model_.values, [&](const Value& v) { return v.name == value.name; });
    model_.outputs.push_back({name, value.type, description});
}

Edge GraphBuilder::parameter(const std::string& name) {
    std::string full = path_ + name;
    std::replace(full.begin(), full.end(), '/', '.');
    const Parameter* parameter = parameters_.find(full);
    if (!parameter) throw std::logic_error("the model has no parameter " + full);
    const Shape shape = parameter->disk_shape();
    if (used_.insert(full).second)
        model_.initializers.push_back(
            {full, shape, [parameter] { return parameter->to_disk(parameter->value); }});
    return {full, {.shape = shape}};
}

Edge GraphBuilder::tensor(const std::string& name, const Tensor& value) {
    if (used_.insert(name).second)
        model_.initializers.push_back({name, value.shape(), [value] { return value; }});
    return {name, {.shape = value.shape()}};
}

Model GraphBuilder::finish() {
    for (const Parameter& parameter : parameters_.all())
        if (!used_.contains(parameter.name))
            throw std::logic_error("the exported graph leaves out " + parameter.name);
    return std::move(model_);
}

std::vector<Edge> GraphBuilder::op(const std::string& type, const std::vector<Edge>& inputs,
                                   const std::vector<Type>& outputs,
                                   std::vector<std::pair<std::string, Attribute>> attributes) {
    Node node{.op = type,
              .name = path_ + type,
              .inputs = {},
              .outputs = {},
              .attributes = std::move(attributes),
              .module = module_};
    for (int64_t i = 1; !names_.insert(node.name).second; ++i)
        node.name = (path_ + type).append("_").append(std::to_string(i));
    for (const Edge& input : inputs) node.inputs.push_back(input.name);
    std::vector<Edge> edges;
    for (const Type& output : outputs) {
        std::string name = node.name + "_output";
        if (outputs.size() > 1) name.append("_").append(std::to_string(edges.size()));
        edges.push_back({name, output});
        node.outputs.push_back(name);
        if (type != "Constant") model_.values.push_back({name, output});
    }
    model_.nodes.push_back(std::move(node));
    return edges;
}

Edge GraphBuilder::op(const std::string& type, const std::vector<Edge>& inputs, Type output,
                      std::vector<std::pair<std::string, Attribute>> attributes) {
    return op(type, inputs, std::vector<Type>{std::move(output)}, std::move(attributes)).front();
}

Edge GraphBuilder::constant(const Tensor& value) {
    return op("Constant", {}, Type{value.dtype(), value.shape()}, {{"value", value}});
}

Edge GraphBuilder::constant(float value) { return constant(Tensor::full({}, value)); }

Edge GraphBuilder::constant(const std::vector<int64_t>& values) {
    return constant(Tensor::from(values, {static_cast<int64_t>(values.size())}));
}

}  // namespace mdn::onnx
