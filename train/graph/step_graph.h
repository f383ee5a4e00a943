// The autograd graph of one training step: what the forward pass recorded, and the gradients that
// the backward pass brought.
#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"
#include "model/micro_dualnet.h"
#include "train/trace.h"

namespace mdn {

enum class ValueKind {
    input,      // frames or joints
    parameter,  // a leaf
    result      // of an op
};

/// A tensor of the graph.
struct GraphValue {
    ValueKind kind;
    std::string name;    // of the op, the parameter or the input
    std::string module;  // that computed it, "backbone.layer1.0.conv1"; "" in none, and of inputs
    Shape shape;
    /// Norm of the gradient of the loss with respect to this tensor; NaN if none came back.
    double gradient_norm;
    std::vector<size_t> inputs;  // of the op, as indices of values; inputs come before results
};

/// Values in topological order: an op comes after its inputs, and the loss last.
using StepGraph = std::vector<GraphValue>;

/// Runs forward and backward of a training step (batch statistics, and dropout with seed 0), and
/// leaves the gradients in the parameters. The input needs labels. Parameters that the step does
/// not use are left out.
StepGraph record_step_graph(MicroDualNet& model, const TraceInput& input);

}  // namespace mdn
