// y[n,·,·,c] = x[n,·,·,c] ∗ W[·,·,c], a filter of its own for every channel, stride 1;
// dx = dy ∗ the filters turned by 180°, dW[k,c] = Σ over pixels of dy·x moved by k.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor depthwise_conv2d(const Tensor& x, const Tensor& weight, int64_t pad) {
    require_float("depthwise_conv2d", "x", x, 4);
    require_float("depthwise_conv2d", "weight", weight, 3);
    require_parameter("depthwise_conv2d", "weight", weight,
                      {weight.dim(0), weight.dim(1), x.dim(3)}, x);
    const int64_t height = x.dim(1) + 2 * pad - weight.dim(0) + 1;
    const int64_t width = x.dim(2) + 2 * pad - weight.dim(1) + 1;
    require(pad >= 0 && height > 0 && width > 0, "depthwise_conv2d",
            "the kernel of weight " + to_string(weight.shape()) + " does not fit into x " +
                to_string(x.shape()) + " padded by " + std::to_string(pad));
    Tensor y = empty_as(x, {x.dim(0), height, width, x.dim(3)});
    kernels(x).depthwise_conv2d_forward(x, weight, pad, y);
    return record(
        "depthwise_conv2d", y, {x, weight}, [x, weight, pad](const Tensor& dy) -> Gradients {
            Tensor dx = empty_like(x), dweight = empty_like(weight);
            kernels(dy).depthwise_conv2d_backward(x, weight, dy, pad, dx, dweight);
            return {x.requires_grad() ? dx : Tensor(), weight.requires_grad() ? dweight : Tensor()};
        });
}

}  // namespace mdn
