// Whether the ResNet of a checkpoint can be the backbone that a config describes.
#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"
#include "model/checkpoint_names.h"
#include "model/config.h"

namespace mdn {

/// "ResNet-101" where it has that name, then its blocks: "ResNet-101 (bottleneck blocks, depths
/// [3, 4, 23, 3], width 64)".
std::string describe_backbone(const Config::Backbone& config);

/// Compares what names and shapes (one for each name given) say with the config: kind of block,
/// depths, width, and which blocks are shifted, as far as the names tell. Throws Error naming
/// `source` and the first that does not fit, with both values. Names of our own may be a part of
/// the backbone, or none; those of others have to be all of it.
void check_backbone_fits(const NameMapping& mapping, const std::vector<Shape>& shapes,
                         const Config::Backbone& config, const std::string& source);

}  // namespace mdn
