// y = (1/n) Σ x over one axis of length n;  dx = dy/n, the same for all n.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

Tensor mean(const Tensor& x, int64_t axis) {
    require_float("mean", "x", x);
    const int64_t position = axis < 0 ? axis + x.rank() : axis;
    require(position >= 0 && position < x.rank(), "mean",
            "axis " + std::to_string(axis) + " outside x " + to_string(x.shape()));
    require(x.dim(position) > 0, "mean",
            "axis " + std::to_string(axis) + " of x " + to_string(x.shape()) + " is empty");
    Shape blocks = {1, x.dim(position), 1}, remaining;
    for (int64_t i = 0; i < x.rank(); ++i) {
        if (i == position) continue;
        blocks[i < position ? 0 : 2] *= x.dim(i);
        remaining.push_back(x.dim(i));
    }
    Tensor y = empty_as(x, remaining);
    Tensor y_blocks = y.view({blocks[0], blocks[2]});
    kernels(x).mean_forward(x.view(blocks), y_blocks);
    return record("mean", y, {x}, [shape = x.shape(), blocks](const Tensor& dy) -> Gradients {
        Tensor dx = empty_as(dy, shape), dx_blocks = dx.view(blocks);
        kernels(dy).mean_backward(dy.view({blocks[0], blocks[2]}), dx_blocks);
        return {dx};
    });
}

}  // namespace mdn
