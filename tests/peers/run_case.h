// A case that another program wrote for the engine to compute: tensors by name, and the steps that
// make new ones of them. tests/peers/run_cases.cpp describes the file.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/tensor.h"

namespace mdn::peers {

using Tensors = std::map<std::string, Tensor>;

/// One step of a case: the name of what is called, its inputs and its attributes. Its functions
/// throw what nlohmann::json and std::map throw where the case lacks something: a fault of whoever
/// wrote the case, not of the engine.
class Step {
  public:
    Step(const nlohmann::json& description, Tensors& tensors)
        : description_(description), tensors_(tensors) {}

    std::string op() const { return description_.at("op"); }
    /// The tensor that an op makes.
    std::string output() const { return description_.at("output"); }

    /// An input by its place; undefined behind the last.
    Tensor operator[](size_t place) const {
        const auto& inputs = description_.at("inputs");
        return place < inputs.size() ? tensors_.at(inputs[place]) : Tensor();
    }
    bool has(const char* attribute) const { return description_.contains(attribute); }
    int64_t integer(const char* attribute) const { return description_.at(attribute); }
    std::string text(const char* attribute) const { return description_.at(attribute); }
    Shape shape(const char* attribute) const { return description_.at(attribute); }
    /// JSON has no infinity and no NaN: these are written as text.
    double number(const char* attribute) const {
        const auto& value = description_.at(attribute);
        return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
    }

    /// For steps that are no op and make several tensors.
    Tensors& tensors() const { return tensors_; }

  private:
    const nlohmann::json& description_;
    Tensors& tensors_;
};

/// An op of engine/ops.h, or null if there is none of that name.
using Op = Tensor (*)(const Step&);
Op find_op(const std::string& name);

void run_optimizer(const Step& step);  // run_optimizer.cpp
void run_metrics(const Step& step);    // run_metrics.cpp

}  // namespace mdn::peers
