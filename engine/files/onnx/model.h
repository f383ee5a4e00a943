// What an ONNX file holds (https://onnx.ai/onnx/repo-docs/IR.html): a graph of named operators on
// named values, and the tensors that they read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/tensor.h"

namespace mdn::onnx {

/// Operators are those of this version of the standard. LayerNormalization needs 17. RoiAlign
/// changed in 22, and ONNX Runtime (1.32) has none from there on. 17 needs no later format than 8.
constexpr int64_t opset_version = 17, format_version = 8;
/// Of functions, which are operators that the file defines itself.
constexpr const char* function_domain = "microdualnet";

/// A value's dtype and shape. Where `per` is given, the first axis is its multiple: per "clips" and
/// shape [8,3] stand for 8·clips rows.
struct Type {
    DType dtype = DType::f32;
    Shape shape;
    std::string per = {};
};

struct Value {
    std::string name;
    Type type;
    std::string description = {};
};

/// Integer, real, text, list of integers, or (of Constant) a CPU tensor of f32 or i64.
using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, Tensor>;

struct Node {
    std::string op, name;
    std::vector<std::string> inputs, outputs;
    std::vector<std::pair<std::string, Attribute>> attributes = {};
    std::string domain = {};  // empty: the standard's
    int64_t module = -1;      // place in Model::modules; -1: of the graph itself
};

/// A tensor of f32 that the graph reads; `read` makes it, on the CPU, when the file is written.
struct Initializer {
    std::string name;
    Shape shape;
    std::function<Tensor()> read;
};

/// A part of the graph: its nodes follow each other, and may belong to modules inside it.
struct Module {
    std::string name;  // "backbone/layer1.0"; of its tensors "backbone.layer1.0."
    std::string type;  // "BasicBlock"
    std::string equation;
    int64_t parent = -1;
};

/// An operator that is made of others. Names inside are its own.
struct Function {
    std::string name, description;
    std::vector<std::string> inputs, outputs;
    std::vector<Node> nodes;
};

struct Model {
    std::string producer, producer_version, description;
    std::vector<std::pair<std::string, std::string>> metadata;  // texts by their names, UTF-8
    std::string name;                                           // of the graph
    std::vector<Value> inputs, outputs;
    std::vector<Initializer> initializers;
    std::vector<Node> nodes;    // each behind those whose outputs it reads
    std::vector<Value> values;  // between nodes, where their types are known
    std::vector<Module> modules;
    std::vector<Function> functions;
};

}  // namespace mdn::onnx
