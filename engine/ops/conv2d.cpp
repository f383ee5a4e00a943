// y = x ∗ W, x read through the temporal shift where asked, plain or as relu(BN(x)).
// dx = dy ∗ flipped Wᵀ, dW = Σ over pixels of dy ⊗ patch; the normalised activation is read again
// from the raw x for dW, and BN's backward takes dx the rest of the way.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

namespace {

/// Checks that all fits and returns the empty output [N,H',W',O].
Tensor conv2d_output(const Tensor& x, const Tensor& weight, const Conv2d& options) {
    require_float("conv2d", "x", x, 4);
    require_float("conv2d", "weight", weight, 4);
    require_parameter("conv2d", "weight", weight,
                      {weight.dim(0), weight.dim(1), weight.dim(2), x.dim(3)}, x);
    require(weight.numel() > 0, "conv2d", "weight is empty: " + to_string(weight.shape()));
    require(options.stride >= 1 && options.pad >= 0, "conv2d",
            "stride " + std::to_string(options.stride) + " and pad " + std::to_string(options.pad) +
                " must be at least 1 and 0");
    require(options.shift_frames >= 0 &&
                (options.shift_frames == 0 || x.dim(0) % options.shift_frames == 0),
            "conv2d",
            "x of shape " + to_string(x.shape()) + " is not made of clips of " +
                std::to_string(options.shift_frames) + " frames");
    const int64_t height = x.dim(1) + 2 * options.pad - weight.dim(1);
    const int64_t width = x.dim(2) + 2 * options.pad - weight.dim(2);
    require(height >= 0 && width >= 0, "conv2d",
            "the kernel of weight " + to_string(weight.shape()) + " does not fit into x " +
                to_string(x.shape()) + " padded by " + std::to_string(options.pad));
    return empty_as(
        x, {x.dim(0), height / options.stride + 1, width / options.stride + 1, weight.dim(0)});
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2d& options) {
    Tensor y = conv2d_output(x, weight, options);
    kernels(x).conv2d_forward(x, {}, weight, options, y);
    return record("conv2d", y, {x, weight}, [x, weight, options](const Tensor& dy) -> Gradients {
        Tensor dx, dweight;
        if (x.requires_grad())
            kernels(dy).conv2d_backward_input(dy, weight, options, dx = empty_like(x));
        if (weight.requires_grad())
            kernels(dy).conv2d_backward_weight(x, {}, dy, options, dweight = empty_like(weight));
        return {dx, dweight};
    });
}

Tensor conv2d(const Normalized& x, const Tensor& weight, const Conv2d& options) {
    Tensor y = conv2d_output(x.x, weight, options);
    const ChannelAffine read{x.scale, x.shift, true};
    kernels(x.x).conv2d_forward(x.x, read, weight, options, y);
    return record(
        "conv2d", y, {x.x, x.gamma, x.beta, weight},
        [x, read, weight, options](const Tensor& dy) -> Gradients {
            Tensor dx, dgamma, dbeta, dweight;
            if (weight.requires_grad())
                kernels(dy).conv2d_backward_weight(x.x, read, dy, options,
                                                   dweight = empty_like(weight));
            if (x.x.requires_grad() || x.gamma.requires_grad() || x.beta.requires_grad()) {
                kernels(dy).conv2d_backward_input(dy, weight, options, dx = empty_like(x.x));
                kernels(dy).batch_norm_backward(x.x, x.mean, x.inv_std, read, x.batch_statistics,
                                                dx, dx, dgamma = empty_like(x.gamma),
                                                dbeta = empty_like(x.beta));
            }
            return {dx, dgamma, dbeta, dweight};
        });
}

}  // namespace mdn
