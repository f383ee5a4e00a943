// SPEC §4: a bin is the mean of 2×2 bilinear samples, so y is linear in the features and the
// backward its transpose. Boxes are data: they receive no gradient.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor roi_align(const Tensor& features, const Tensor& boxes, double size, int64_t bins) {
    require_float("roi_align", "features", features, 4);
    require(features.dim(1) > 0 && features.dim(2) > 0, "roi_align",
            "an empty feature map, " + to_string(features.shape()));
    require_float("roi_align", "boxes", boxes, 3);
    require_parameter("roi_align", "boxes", boxes, {features.dim(0), boxes.dim(1), 4}, features);
    require_positive("roi_align", "the image's side", size, features);
    require(bins >= 1, "roi_align", "needs at least one bin a side, not " + std::to_string(bins));
    Tensor y = empty_as(features, {boxes.dim(0), boxes.dim(1), bins, bins, features.dim(3)});
    kernels(features).roi_align_forward(features, boxes, size, y);
    return record(
        "roi_align", y, {features},
        [boxes = boxes.detach(), size, input = features.shape()](const Tensor& dy) -> Gradients {
            Tensor dfeatures = empty_as(dy, input);
            kernels(dy).roi_align_backward(boxes, dy, size, dfeatures);
            return {dfeatures};
        });
}

}  // namespace mdn
