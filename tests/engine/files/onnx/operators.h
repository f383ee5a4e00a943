// The operators that this program exports, by the standard's words (https://onnx.ai/onnx/operators,
// opset 17), in plain loops and in double.
#pragma once

#include <vector>

#include "engine/files/onnx/model.h"
#include "tests/engine/files/onnx/array.h"

namespace mdn::test {

/// What a node of the standard makes of its inputs. Throws std::runtime_error for an operator or an
/// attribute that is not known here, and for shapes that do not fit.
std::vector<Array> run_operator(const onnx::Node& node, const std::vector<Array>& inputs);

}  // namespace mdn::test
