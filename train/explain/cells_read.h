// Which cells of the feature map an entity's box reads.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

/// The weight of every cell of an H×W map in the mean over the P×P bins of ROIAlign (SPEC §4):
/// [boxes,H,W], row-major. `boxes` f32 [..., 4], on the CPU, in pixels of a picture of side `size`.
/// A box's weights add up to 1, less the part of its samples that lie beyond the map. It is the op
/// itself that is asked, by its gradient: it is linear in the features, so that the gradient of the
/// mean is the weight.
std::vector<double> cells_read(const Tensor& boxes, double size, int64_t bins, int64_t height,
                               int64_t width);

}  // namespace mdn
