#include "train/graph/diagram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "engine/error.h"
#include "engine/nearest_name.h"

namespace mdn {

namespace {

/// "a", "a.b", "a.b.c" of "a.b.c".
std::vector<std::string> prefixes(const std::string& path) {
    std::vector<std::string> result;
    for (size_t at = path.find('.'); at != std::string::npos; at = path.find('.', at + 1))
        result.push_back(path.substr(0, at));
    if (!path.empty()) result.push_back(path);
    return result;
}

std::set<std::string> opened(const StepGraph& graph, const std::set<std::string>& asked) {
    const std::set<std::string> known = modules_of(graph);
    std::set<std::string> open;
    for (const std::string& module : asked) {
        if (!known.contains(module)) {
            const std::vector<std::string> names(known.begin(), known.end());
            std::string top;
            for (const std::string& name : names)
                if (name.find('.') == std::string::npos) top += (top.empty() ? "" : ", ") + name;
            throw Error("the graph has no module '" + module + "'",
                        did_you_mean(module, names, "at the top there are: " + top));
        }
        for (const std::string& each : prefixes(module)) open.insert(each);
    }
    return open;
}

/// The closed module that holds an op of `module`; empty if the op stands for itself.
std::string closed_module(const std::string& module, const std::set<std::string>& open) {
    for (const std::string& each : prefixes(module))
        if (!open.contains(each)) return each;
    return "";
}

std::string parent(const std::string& module) {
    const size_t dot = module.rfind('.');
    return dot == std::string::npos ? "" : module.substr(0, dot);
}

}  // namespace

std::set<std::string> modules_of(const StepGraph& graph) {
    std::set<std::string> modules;
    for (const GraphValue& value : graph)
        for (const std::string& module : prefixes(value.module)) modules.insert(module);
    return modules;
}

Diagram collapse(const StepGraph& graph, const std::set<std::string>& asked) {
    const std::set<std::string> open = opened(graph, asked);
    constexpr size_t nowhere = std::numeric_limits<size_t>::max();
    Diagram diagram;
    std::map<std::string, size_t> module_boxes;
    std::vector<size_t> box_of(graph.size(), nowhere), source(graph.size());
    std::map<size_t, double> squares;  // by box, of its parameters' gradients
    std::set<size_t> counted;          // parameters, each for the first that reads it
    const auto new_box = [&](GraphBox box) {
        diagram.boxes.push_back(std::move(box));
        return diagram.boxes.size() - 1;
    };
    for (size_t i = 0; i < graph.size(); ++i) {
        const GraphValue& value = graph[i];
        source[i] = i;
        if (value.kind == ValueKind::parameter) continue;
        const std::string module = closed_module(value.module, open);
        if (value.kind == ValueKind::input) {
            box_of[i] = new_box({.kind = BoxKind::input, .name = value.name, .module = ""});
        } else if (!module.empty()) {
            const auto [place, is_new] = module_boxes.emplace(module, 0);
            if (is_new)
                place->second =
                    new_box({.kind = BoxKind::module, .name = module, .module = parent(module)});
            box_of[i] = place->second;
        } else if (value.name == "reshape" && value.inputs.size() == 1) {
            source[i] = source[value.inputs.front()];
            continue;
        } else {
            box_of[i] = new_box({.kind = BoxKind::op, .name = value.name, .module = value.module});
        }
        GraphBox& box = diagram.boxes[box_of[i]];
        box.ops += value.kind == ValueKind::result;
        for (const size_t input : value.inputs) {
            const GraphValue& read = graph[input];
            if (read.kind != ValueKind::parameter || !counted.insert(input).second) continue;
            box.scalars += element_count(read.shape);
            squares[box_of[i]] += read.gradient_norm * read.gradient_norm;
        }
    }
    for (const auto& [box, sum] : squares) diagram.boxes[box].gradient_norm = std::sqrt(sum);

    std::map<size_t, std::set<size_t>> readers;  // of a value: boxes other than its own
    for (size_t i = 0; i < graph.size(); ++i) {
        if (box_of[i] == nowhere) continue;
        for (const size_t input : graph[i].inputs) {
            const size_t from = source[input];
            if (box_of[from] != nowhere && box_of[from] != box_of[i])
                readers[from].insert(box_of[i]);
        }
    }
    for (const auto& [value, to] : readers)
        diagram.wires.push_back({box_of[value],
                                 {to.begin(), to.end()},
                                 graph[value].shape,
                                 graph[value].gradient_norm});
    return diagram;
}

}  // namespace mdn
