// Lesson 6, ROIAlign and entities. Replace each not_done(…) by your code; `make lesson N=6` checks
// it.
//
// Everywhere below: all tensors are f64. Positions are in pixels of a square image of side S
// (`size`), x to the right and y down. A feature map [H,W,C] lies over the whole image.
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

// Task 1. The box of one body part in each frame of a clip, from the joints of that part.
//   1. Take the bounds of the joints that were seen: those with a confidence > 0.
//   2. Move each of the four sides outwards by `margin`.
//   3. Clip the box to the image, so that all four numbers lie in [0, S].
// The part is not visible in a frame where no joint was seen, or where no area is left after
// clipping. Such a frame takes the box of the nearest frame in which the part is visible, of the
// earlier one if two are equally near. If there is none, the box is the whole image: 0, 0, S, S.
//
//   joints   [T,J,3]: x, y and confidence of J joints in T frames. The x and y of a joint that was
//            not seen mean nothing. A joint at x = 0 that was seen is a joint like any other.
//   margin   in pixels, > 0
//   returns  [T,4]: x1, y1, x2, y2 of each frame
Tensor part_boxes(const Tensor& joints, double margin, double size) {
    not_done(joints, margin, size);
}

// Task 2. The value of a feature map at a position between its cells. For x (y is alike, with H for
// W), the position in cells is cx = x·W/S − ½. Where cx < −1 or cx > W, or the same for cy, the
// sample is 0. Otherwise cx and cy are clamped to [0, W−1] and [0, H−1], and the sample is bilinear
// between the four cells around it.
//
//   features  [H,W,C], H and W 1 or more
//   x, y      anywhere, also outside the image
//   returns   [C]
Tensor sampled(const Tensor& features, double x, double y, double size) {
    not_done(features, x, y, size);
}

// Task 3. ROIAlign: each box is cut into bins×bins equal bins. A bin is the mean of 2×2 samples
// (task 2), which lie at ¼ and ¾ of its width and of its height.
//
//   features  [H,W,C]
//   boxes     [K,4]: x1, y1, x2, y2 with x1 < x2 and y1 < y2, maybe outside the image
//   returns   y [K,bins,bins,C]: y[k,py,px] is the bin in row py (from the top) and column px
Tensor aligned(const Tensor& features, const Tensor& boxes, double size, int64_t bins) {
    not_done(features, boxes, size, bins);
}

// Task 4. The backward pass of task 3: the gradient of features, from the gradient dy of y. Boxes
// get none.
//
//   dy             [K,bins,bins,C]
//   height, width  H and W of the feature map
//   returns        [H,W,C]
Tensor aligned_backward(const Tensor& dy, const Tensor& boxes, double size, int64_t height,
                        int64_t width) {
    not_done(dy, boxes, size, height, width);
}

}  // namespace mdn::lesson
