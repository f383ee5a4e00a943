// A diagram as a picture (SVG), for Graphviz (DOT) and as text.
#pragma once

#include <string>

#include "train/graph/diagram.h"

namespace mdn {

/// A picture of its own, which needs no other program: boxes with their ops and parameters, wires
/// with the shape of the tensor and the norm of its gradient.
std::string diagram_svg(const Diagram& diagram, const std::string& title);

/// The same for Graphviz; what stands in an opened module is a cluster of its name.
std::string diagram_dot(const Diagram& diagram, const std::string& title);

/// A line per box: name, ops, parameters, the norm of their gradient, and what goes out.
std::string diagram_text(const Diagram& diagram);

}  // namespace mdn
