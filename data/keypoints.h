// The keypoints of a clip, whatever files they come from.
#pragma once

#include <vector>

#include "data/body25.h"
#include "data/dataset.h"

namespace mdn {

/// The people of every frame of a clip, [frames][people of that frame in the file's order], in
/// pixels of the frame. Throws Error naming the file that is missing or malformed.
std::vector<std::vector<Pose>> read_people(const ClipFiles& clip);

}  // namespace mdn
