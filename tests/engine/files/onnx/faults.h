// Checks what an ONNX graph must be beyond its format.
#pragma once

#include <string>

#include "engine/files/onnx/model.h"

namespace mdn::test {

/// What the standard and this program demand of a graph beyond the format, as one line for each
/// fault: names used before they are defined, defined twice, or never used; nodes without a name;
/// functions that are missing, never called or called with another number of inputs.
std::string graph_faults(const onnx::Model& model);

}  // namespace mdn::test
