// What of a run is looked at rather than read: frames with boxes, and who was taken for whom.
#pragma once

#include <cstdint>
#include <vector>

#include "data/clip.h"
#include "data/images/image.h"

namespace mdn {

/// The frames of one clip as the model is shown them, side by side, with the box of each entity in
/// a colour of its own. Of the batch's tensors frames [B,T,S,S,3] and boxes [B,T,K,4] it takes row
/// `clip`; boxes may be undefined.
Image frames_with_boxes(const ClipTensors& tensors, int64_t clip);

/// [truth][prediction] as squares: a row per true class, the darker the larger the part of its
/// clips. Rows without a clip are grey.
Image confusion_picture(const std::vector<std::vector<int64_t>>& confusion);

}  // namespace mdn
