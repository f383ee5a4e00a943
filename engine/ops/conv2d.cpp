// y = x ∗ W, x read through the temporal shift where asked, plain or as relu(BN(x)).
// dx = dy ∗ flipped Wᵀ, dW = Σ over pixels of dy ⊗ patch; the normalised activation is read again
// from the raw x for dW, and BN's backward takes dx the rest of the way.
#include <algorithm>

#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/saved_norm.h"

namespace mdn {

namespace {

/// Checks that all fits and returns the shape [N,H',W',O] of the output.
Shape output_shape(const Tensor& x, const Tensor& weight, const Conv2d& options) {
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
    return {x.dim(0), height / options.stride + 1, width / options.stride + 1, weight.dim(0)};
}

/// Which kernel multiplies, and so the bits, may depend on whether moments are asked for.
Tensor convolve(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                const Conv2d& options, const Shape& shape, Tensor* moments = nullptr) {
    Tensor y = empty_as(x, shape);
    if (moments && kernels(x).fuses()) {
        const int64_t rows = y.numel() / y.dim(3);
        *moments =
            empty_parameter_as(x, {2, (rows + moment_rows - 1) / moment_rows, weight.dim(0)});
        kernels(x).conv2d_forward_moments(x, read, weight, options, y, *moments);
    } else {
        kernels(x).conv2d_forward(x, read, weight, options, y);
    }
    return y;
}

/// Whether every pixel of the input is written: a kernel smaller than the stride leaves some out.
bool reaches_every_pixel(const Tensor& weight, const Conv2d& options) {
    return std::min(weight.dim(1), weight.dim(2)) >= options.stride;
}

/// The gradient of x, which a batch norm may be in front of (`begun`; null: none that could be
/// spared work). What others have given for x so far is added where that can be done in place.
Tensor backward_input(const SavedTensor& x, const Shape& shape, const Tensor& weight,
                      const Conv2d& options, uint64_t place, MaskAndSums* begun, const Tensor& dy) {
    if (!kernels(dy).fuses()) {
        Tensor dx = empty_as(dy, shape);
        kernels(dy).conv2d_backward_input(dy, weight, options, dx);
        return dx;
    }
    Tensor dx = take_gradient_so_far(place);
    const bool add = dx.defined();
    if (!add) dx = empty_as(dy, shape);
    if (begun && (!add || reaches_every_pixel(weight, options)) &&
        gives_whole_gradient(place, *begun)) {
        begun->dgamma = empty_like(begun->norm.mean);
        begun->dbeta = empty_like(begun->norm.mean);
        kernels(dy).conv2d_backward_input_sums(dy, weight, options, add,
                                               begun->norm.with_output(x.get()), dx, begun->dgamma,
                                               begun->dbeta);
    } else if (add) {
        kernels(dy).conv2d_backward_input_add(dy, weight, options, dx);
    } else {
        kernels(dy).conv2d_backward_input(dy, weight, options, dx);
    }
    return dx;
}

/// Gradients of x, γ and β, where relu(BN(x)) was read.
Gradients backward_through_norm(const SavedNorm& norm, const Shape& shape, const Tensor& weight,
                                const Conv2d& options, const Tensor& dy) {
    Tensor dx = empty_as(dy, shape);
    if (!kernels(dy).fuses()) {
        kernels(dy).conv2d_backward_input(dy, weight, options, dx);
        return norm.backward(dx, true, true);
    }
    Tensor dgamma = empty_like(norm.mean), dbeta = empty_like(norm.mean);
    kernels(dy).conv2d_backward_input_sums(dy, weight, options, false, norm.with_relu(), dx, dgamma,
                                           dbeta);
    return norm.backward_from_sums(dx, dgamma, dbeta, true);
}

}  // namespace

Tensor conv2d_folded(const Tensor& x, const Tensor& weight, const Conv2d& options,
                     const FoldedBatchNorm& norm, bool relu, const Tensor& residual) {
    const Shape shape = output_shape(x, weight, options);
    const Shape channels = {weight.dim(0)};
    require_parameter("conv2d_folded", "scale", norm.scale, channels, x);
    require_parameter("conv2d_folded", "shift", norm.shift, channels, x);
    if (residual.defined()) require_shape("conv2d_folded", "residual", residual, shape, x);
    require(!grad_enabled(), "conv2d_folded", "there is no gradient: call it under a NoGrad");
    Tensor y = empty_as(x, shape);
    kernels(x).conv2d_forward_finished(x, weight, options, {norm.scale, norm.shift, relu}, residual,
                                       y);
    return y;
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Conv2d& options, ForBackward what,
              Tensor* moments) {
    const Shape shape = output_shape(x, weight, options);
    const Tensor y = convolve(x, {}, weight, options, shape, moments);
    const SavedTensor saved(x);
    const SavedTensor output(y, what, [=, with_moments = moments != nullptr] {
        Tensor again;
        return convolve(saved.get(), {}, weight, options, shape, with_moments ? &again : nullptr);
    });
    return record(
        "conv2d", y, {x, weight},
        [saved, weight, options, input = x.shape(), wants_dx = x.requires_grad(),
         place = gradient_place(x), beginning = beginning_of(x)](const Tensor& dy) -> Gradients {
            Tensor dx, dweight;
            if (wants_dx)
                dx = backward_input(saved, input, weight, options, place,
                                    dynamic_cast<MaskAndSums*>(beginning.get()), dy);
            if (weight.requires_grad())
                kernels(dy).conv2d_backward_weight(saved.get(), {}, dy, options,
                                                   dweight = empty_like(weight));
            return {dx, dweight};
        },
        output.recipe());
}

Tensor conv2d(const Normalized& x, const Tensor& weight, const Conv2d& options, ForBackward what,
              Tensor* moments) {
    const Shape shape = output_shape(x.x, weight, options);
    const SavedNorm saved(x);
    const Tensor y = convolve(x.x, saved.affine(true), weight, options, shape, moments);
    const SavedTensor output(y, what, [=, with_moments = moments != nullptr] {
        Tensor again;
        return convolve(saved.x.get(), saved.affine(true), weight, options, shape,
                        with_moments ? &again : nullptr);
    });
    const bool wants_dx = x.x.requires_grad() || x.gamma.requires_grad() || x.beta.requires_grad();
    return record(
        "conv2d", y, {x.x, x.gamma, x.beta, weight},
        [saved, weight, options, input = x.x.shape(), wants_dx](const Tensor& dy) -> Gradients {
            Gradients gradients(3);  // of x, γ and β
            Tensor dweight;
            if (weight.requires_grad())
                kernels(dy).conv2d_backward_weight(saved.x.get(), saved.affine(true), dy, options,
                                                   dweight = empty_like(weight));
            if (wants_dx) gradients = backward_through_norm(saved, input, weight, options, dy);
            gradients.push_back(dweight);
            return gradients;
        },
        output.recipe());
}

}  // namespace mdn
