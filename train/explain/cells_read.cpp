#include "train/explain/cells_read.h"

#include "engine/autograd.h"
#include "engine/ops.h"

namespace mdn {

std::vector<double> cells_read(const Tensor& boxes, double size, int64_t bins, int64_t height,
                               int64_t width) {
    const int64_t count = boxes.numel() / 4;
    // A map of one channel per box: boxes of one map would add up in its gradient. Its values do
    // not matter.
    Tensor features = Tensor::zeros({count, height, width, 1}, DType::f64);
    features.set_requires_grad();
    const Tensor read = roi_align(features, boxes.view({count, 1, 4}).to(DType::f64), size, bins);
    backward(read, Tensor::full(read.shape(), 1.0 / static_cast<double>(bins * bins), DType::f64));
    return features.grad().to_vector<double>();
}

}  // namespace mdn
