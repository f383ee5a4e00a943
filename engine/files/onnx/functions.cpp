#include "engine/files/onnx/functions.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "engine/files/onnx/write.h"

namespace mdn::onnx {

namespace {

using Names = std::vector<std::string>;

class Grouping {
  public:
    explicit Grouping(const Model& model) : model_(model) {
        for (const Initializer& each : model.initializers) initializers_.insert(each.name);
        for (size_t i = 0; i < model.nodes.size(); ++i)
            for (const std::string& name : model.nodes[i].inputs) last_use_[name] = i;
        for (const Value& output : model.outputs) last_use_[output.name] = model.nodes.size();
    }

    Model grouped() {
        Model result = model_;
        result.nodes = nodes_of(-1, 0, model_.nodes.size());
        result.functions = std::move(functions_);
        std::unordered_set<std::string> left;
        for (const Node& node : result.nodes) left.insert(node.outputs.begin(), node.outputs.end());
        std::erase_if(result.values, [&](const Value& v) { return !left.contains(v.name); });
        return result;
    }

  private:
    /// The nodes begin..end, which belong to `module`, with those of each module inside it replaced
    /// by a call.
    std::vector<Node> nodes_of(int64_t module, size_t begin, size_t end) {
        std::vector<Node> nodes;
        while (begin < end) {
            const int64_t inner = child_of(module, model_.nodes[begin].module);
            if (inner == module) {
                nodes.push_back(model_.nodes[begin++]);
                continue;
            }
            size_t behind = begin;
            while (behind < end && child_of(module, model_.nodes[behind].module) == inner) ++behind;
            nodes.push_back(call(model_.modules[static_cast<size_t>(inner)], inner, begin, behind));
            begin = behind;
        }
        return nodes;
    }

    /// The module directly inside `module` that holds `of`; `module` itself if that is `of`.
    int64_t child_of(int64_t module, int64_t of) const {
        int64_t child = of;
        while (of != module) {
            child = of;
            of = model_.modules[static_cast<size_t>(of)].parent;
        }
        return child;
    }

    /// A node that calls the function of the module whose nodes are begin..end.
    Node call(const Module& module, int64_t index, size_t begin, size_t end) {
        Function function{.name = {},
                          .description = module.equation,
                          .inputs = {},
                          .outputs = {},
                          .nodes = nodes_of(index, begin, end)};
        Names inputs, activations, outputs;  // as the graph names them
        std::unordered_set<std::string> inside;
        for (const Node& node : function.nodes) {
            for (const std::string& name : node.inputs)
                if (!inside.contains(name))
                    add_once(initializers_.contains(name) ? inputs : activations, name);
            for (const std::string& name : node.outputs) {
                inside.insert(name);
                if (const auto use = last_use_.find(name);
                    use != last_use_.end() && use->second >= end)
                    outputs.push_back(name);
            }
        }
        inputs.insert(inputs.begin(), activations.begin(), activations.end());

        std::unordered_map<std::string, std::string> local;
        number(local, activations, "x");
        number(local, outputs, "y");
        std::string prefix = module.name + "/", tensors = prefix;
        std::replace(tensors.begin(), tensors.end(), '/', '.');
        const auto local_name = [&](std::string& name) {
            if (const auto found = local.find(name); found != local.end())
                name = found->second;
            else if (name.starts_with(prefix))
                name = name.substr(prefix.size());
            else if (name.starts_with(tensors))
                name = name.substr(tensors.size());
        };
        for (Node& node : function.nodes) {
            local_name(node.name);
            for (std::string& name : node.inputs) local_name(name);
            for (std::string& name : node.outputs) local_name(name);
            node.module = -1;
        }
        function.inputs = inputs;
        function.outputs = outputs;
        for (std::string& name : function.inputs) local_name(name);
        for (std::string& name : function.outputs) local_name(name);
        return {.op = name_of(std::move(function), module.type),
                .name = module.name,
                .inputs = inputs,
                .outputs = outputs,
                .domain = function_domain};
    }

    static void add_once(Names& names, const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }

    static void number(std::unordered_map<std::string, std::string>& local, const Names& names,
                       const std::string& letter) {
        for (size_t i = 0; i < names.size(); ++i)
            local[names[i]] = names.size() == 1 ? letter : letter + std::to_string(i + 1);
    }

    /// The name under which a function of this content is kept.
    std::string name_of(Function function, const std::string& type) {
        const std::string content = to_protobuf(function).to_string();
        const auto known = names_.find({type, content});
        if (known != names_.end()) return known->second;
        const int64_t count = ++counts_[type];
        function.name = count == 1 ? type : type + "_" + std::to_string(count);
        names_[{type, content}] = function.name;
        functions_.push_back(function);
        return function.name;
    }

    const Model& model_;
    std::unordered_set<std::string> initializers_;
    std::unordered_map<std::string, size_t> last_use_;  // of a value: the last node that reads it
    std::map<std::pair<std::string, std::string>, std::string> names_;
    std::map<std::string, int64_t> counts_;
    std::vector<Function> functions_;
};

}  // namespace

Model with_functions(const Model& model) { return Grouping(model).grouped(); }

}  // namespace mdn::onnx
