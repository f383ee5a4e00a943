// A step's graph as it is drawn: thousands of ops collapsed into a box per module.
#pragma once

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "train/graph/step_graph.h"

namespace mdn {

enum class BoxKind { input, module, op };

struct GraphBox {
    BoxKind kind;
    std::string name;     // the module's path, the op's name, or "frames"
    std::string module;   // the path of the module that it stands in; "" at the top
    int64_t ops = 0;      // that it stands for
    int64_t scalars = 0;  // of the parameters that they read
    /// Norm of the gradient of all these parameters together; NaN without any.
    double gradient_norm = std::numeric_limits<double>::quiet_NaN();
};

/// A tensor that one box hands to others.
struct GraphWire {
    size_t from;
    std::vector<size_t> to;  // ascending
    Shape shape;
    double gradient_norm;  // as GraphValue's
};

struct Diagram {
    std::vector<GraphBox> boxes;  // in topological order, as far as modules are entered once
    std::vector<GraphWire> wires;
};

/// Collapses each module into one box, except those in `open` and all that these stand in: they
/// show what is in them, a box per module in them and a box per op of their own. Ops that only give
/// a tensor another shape are passed through. Throws Error naming a module that there is not, with
/// those there are.
Diagram collapse(const StepGraph& graph, const std::set<std::string>& open);

/// Every module of the graph and all that they stand in.
std::set<std::string> modules_of(const StepGraph& graph);

}  // namespace mdn
