// Turns the modules of a graph into functions, so that a viewer can show it module by module.
#pragma once

#include "engine/files/onnx/model.h"

namespace mdn::onnx {

/// The same graph, where each module is one node that calls a function of its type. Modules of
/// equal content share a function; a second content of the same type is called "Type_2". Inside a
/// function, a tensor has its name without the module's ("conv1.weight"); other inputs are x (or
/// x1, x2, …), outputs y (or y1, y2, …).
Model with_functions(const Model& model);

}  // namespace mdn::onnx
