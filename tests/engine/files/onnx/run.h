// Evaluates an ONNX graph, for tests, node by node (operators.h).
#pragma once

#include <map>
#include <string>

#include "engine/files/onnx/model.h"

namespace mdn::test {

/// Outputs by name, f64. Throws std::runtime_error for an operator or an attribute that is not
/// known here, for shapes that do not fit, and where a value has another shape than the graph says.
std::map<std::string, Tensor> run_onnx(const onnx::Model& model,
                                       const std::map<std::string, Tensor>& inputs);

}  // namespace mdn::test
