// Where the boxes of a diagram go: rows from top to bottom, so that every wire runs down.
//
// The method is Sugiyama's, in four steps. (1) A box goes one row below the lowest box that it
// reads. (2) A wire that passes rows gets a bend in each of them, so that wires only run between
// neighbouring rows. (3) Rows are put in order: again and again, a row is sorted by where its
// neighbours in the next row are, and the order with the fewest crossings is kept. (4) Boxes move
// to the middle of their neighbours, as far as the row's order and the gaps allow.
#pragma once

#include <utility>
#include <vector>

#include "train/graph/diagram.h"

namespace mdn {

struct LayoutPoint {
    double x, y;
};

struct BoxSize {
    double width, height;
};

struct LayoutGaps {
    double across = 28;  // between boxes of a row
    double bend = 14;    // beside a wire that passes a row
    double down = 56;    // between rows
};

struct Layout {
    std::vector<LayoutPoint> centres;  // of the boxes
    /// For each wire and each of its readers: from the bottom of a box, through the rows that are
    /// passed, to the top of another.
    std::vector<std::vector<std::vector<LayoutPoint>>> paths;
    double width = 0, height = 0;
};

/// `sizes` are those of diagram.boxes. A wire to an earlier box than it comes from is drawn, but
/// has no say in the rows.
Layout lay_out(const Diagram& diagram, const std::vector<BoxSize>& sizes,
               const LayoutGaps& gaps = {});

}  // namespace mdn
