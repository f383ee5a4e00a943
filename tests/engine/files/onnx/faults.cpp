#include "tests/engine/files/onnx/faults.h"

#include <set>
#include <vector>

namespace mdn::test {

namespace {

using onnx::Function;
using onnx::Node;

/// Checks one list of nodes; `defined` holds what is there before the first.
class Scope {
  public:
    Scope(const onnx::Model& model, std::string place, std::set<std::string>& called)
        : model_(model), place_(std::move(place)), called_(called) {}

    void define(const std::string& name) {
        if (!defined_.insert(name).second) fault(name + " is defined twice");
    }
    void use(const std::string& name) {
        if (!defined_.contains(name)) fault(name + " is used before it is defined");
        used_.insert(name);
    }
    void check(const std::vector<Node>& nodes) {
        std::set<std::string> names;
        for (const Node& node : nodes) {
            if (node.name.empty() || !names.insert(node.name).second)
                fault("a node's name is empty or taken: '" + node.name + "'");
            for (const std::string& name : node.inputs) use(name);
            for (const std::string& name : node.outputs) define(name);
            if (!node.domain.empty()) check_call(node);
        }
    }
    std::string finish(const std::vector<std::string>& outputs) {
        for (const std::string& name : outputs) use(name);
        for (const std::string& name : defined_)
            if (!used_.contains(name)) fault(name + " is never used");
        return faults_;
    }

  private:
    void fault(const std::string& what) { faults_ += place_ + ": " + what + "\n"; }
    void check_call(const Node& node) {
        called_.insert(node.op);
        for (const Function& function : model_.functions)
            if (function.name == node.op) {
                if (function.inputs.size() != node.inputs.size() ||
                    function.outputs.size() != node.outputs.size())
                    fault(node.name + " calls " + node.op + " with other numbers of values");
                return;
            }
        fault(node.name + " calls " + node.op + ", which is missing");
    }

    const onnx::Model& model_;
    std::string place_, faults_;
    std::set<std::string>& called_;
    std::set<std::string> defined_, used_;
};

}  // namespace

std::string graph_faults(const onnx::Model& model) {
    std::string faults;
    std::set<std::string> called;
    for (const Function& function : model.functions) {
        Scope scope(model, function.name, called);
        for (const std::string& name : function.inputs) scope.define(name);
        scope.check(function.nodes);
        faults += scope.finish(function.outputs);
    }
    Scope scope(model, "graph", called);
    for (const onnx::Value& input : model.inputs) scope.define(input.name);
    for (const onnx::Initializer& tensor : model.initializers) scope.define(tensor.name);
    scope.check(model.nodes);
    std::vector<std::string> outputs;
    for (const onnx::Value& output : model.outputs) outputs.push_back(output.name);
    faults += scope.finish(outputs);
    for (const Function& function : model.functions)
        if (!called.contains(function.name)) faults += function.name + " is never called\n";
    return faults;
}

}  // namespace mdn::test
