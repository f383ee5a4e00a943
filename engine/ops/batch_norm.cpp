// x̂ = (x − mean)/σ and BN(x) = γ·x̂ + β = scale·x + shift, per channel over all other axes.
// With g = dy behind the ReLU, where there is one, and statistics of the batch,
//     dβ = Σ g,  dγ = Σ g·x̂,  dx = scale·(g − mean(g) − x̂·mean(g·x̂));
// with running statistics dx = scale·g. The batch may be shared by several processes
// (engine/norm_over_ranks.h).
#include "engine/norm_over_ranks.h"
#include "engine/ops.h"
#include "engine/ops/check.h"
#include "engine/ops/saved_norm.h"

namespace mdn {

namespace {

void require_normalized(const char* op, const char* name, const Normalized& n) {
    require_float(op, name, n.x);
    require(n.x.rank() >= 1, op, std::string(name) + " has no channel axis");
    const Shape channels = {n.x.dim(-1)};
    require_parameter(op, "scale", n.scale, channels, n.x);
    require_parameter(op, "shift", n.shift, channels, n.x);
}

Tensor materialise(const char* op, const Normalized& n, bool relu) {
    require_normalized(op, "x", n);
    Tensor y = empty_like(n.x);
    kernels(n.x).channel_affine_forward(n.x, {n.scale, n.shift}, {}, {}, relu, y);
    return record(op, y, {n.x, n.gamma, n.beta}, [saved = SavedNorm(n), relu](const Tensor& dy) {
        return saved.backward(dy, relu, dy.owns_memory_alone());
    });
}

/// relu(a(x) + b(residual)), or relu(a(x) + residual) where b is undefined.
Tensor relu_of_sum(const Tensor& x, const ChannelAffine& a, const Tensor& residual,
                   const ChannelAffine& b) {
    Tensor y = empty_like(x);
    kernels(y).channel_affine_forward(x, a, residual, b, true, y);
    return y;
}

/// The gradient in front of a ReLU whose output was y, in dy's memory where nobody else sees it.
Tensor mask_by_output(const Tensor& y, const Tensor& dy) {
    Tensor dr = dy.owns_memory_alone() ? dy : empty_like(dy);
    kernels(dy).relu_backward(y, dy, dr);
    return dr;
}

/// Gradients of x, γ, β and of the sum in front of the ReLU, whose output was `output`.
Gradients backward_of_sum(const MaskAndSums& begun, SavedTensor& output, const Tensor& dy) {
    const bool is_begun = begun.dgamma.defined();
    const Tensor dr = is_begun ? dy : mask_by_output(output.take(), dy);
    if (is_begun) output.take();  // it is not needed: its memory is free
    // dr is the residual's gradient, so dx needs memory of its own.
    Gradients gradients = is_begun
                              ? begun.norm.backward_from_sums(dr, begun.dgamma, begun.dbeta, false)
                              : begun.norm.backward(dr, false, false);
    gradients.push_back(dr);
    return gradients;
}

}  // namespace

FoldedBatchNorm fold_batch_norm(const Tensor& gamma, const Tensor& beta,
                                const RunningStatistics& running, double eps) {
    const FoldedBatchNorm folded = {empty_like(gamma), empty_like(gamma), empty_like(gamma)};
    kernels(gamma).fold_batch_norms({{gamma, beta, running, folded}}, eps);
    return folded;
}

Normalized batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                      RunningStatistics& running, const BatchNormOptions& options,
                      const FoldedBatchNorm& folded, const Tensor& moments) {
    require_float("batch_norm", "x", x);
    require(x.rank() >= 1 && x.dim(-1) > 0, "batch_norm", "no channels in " + to_string(x.shape()));
    const Shape channels = {x.dim(-1)};
    require_parameter("batch_norm", "gamma", gamma, channels, x);
    require_parameter("batch_norm", "beta", beta, channels, x);
    require_parameter("batch_norm", "running mean", running.mean, channels, x);
    require_parameter("batch_norm", "running variance", running.var, channels, x);
    require(
        !options.training || x.numel() > x.dim(-1), "batch_norm",
        "more than one value per channel needed in training, the shape is " + to_string(x.shape()));
    require_positive("batch_norm", "eps", options.eps, x);
    require(options.momentum >= 0 && options.momentum <= 1, "batch_norm",
            "momentum must be in [0, 1], not " + std::to_string(options.momentum));
    const bool is_ready = !options.training && folded.defined();
    require(!is_ready || options.eps == BatchNormOptions().eps, "batch_norm",
            "the norm was folded with another eps than is asked for");
    Normalized n{.x = x,
                 .gamma = gamma,
                 .beta = beta,
                 .mean = running.mean,
                 .inv_std = folded.inv_std,
                 .scale = folded.scale,
                 .shift = folded.shift,
                 .batch_statistics = options.training,
                 .ranks = options.training ? options.ranks : NormRanks{}};
    if (is_ready) return n;
    n.mean = empty_parameter_as(x, channels);
    if (!options.training) {
        n.mean.copy_from(running.mean);  // which may change before the backward pass
        const FoldedBatchNorm now = fold_batch_norm(gamma, beta, running, options.eps);
        n.inv_std = now.inv_std;
        n.scale = now.scale;
        n.shift = now.shift;
        return n;
    }
    for (Tensor* constant : {&n.inv_std, &n.scale, &n.shift})
        *constant = empty_parameter_as(x, channels);
    if (n.ranks.over) {
        take_statistics_of_ranks(options, running, n);
    } else if (moments.defined()) {
        const int64_t rows = x.numel() / x.dim(-1);
        require_parameter("batch_norm", "moments", moments,
                          {2, (rows + moment_rows - 1) / moment_rows, x.dim(-1)}, x);
        kernels(x).batch_norm_from_moments(moments, rows, gamma, beta, options, running.mean,
                                           running.var, n.mean, n.inv_std, n.scale, n.shift);
    } else {
        kernels(x).batch_norm_statistics(x, gamma, beta, options, running.mean, running.var, n.mean,
                                         n.inv_std, n.scale, n.shift);
    }
    return n;
}

Tensor normalize(const Normalized& x) { return materialise("normalize", x, false); }

Tensor normalize_relu(const Normalized& x) { return materialise("normalize_relu", x, true); }

Tensor add_relu(const Normalized& x, const Tensor& residual, ForBackward what) {
    require_normalized("add_relu", "x", x);
    require_shape("add_relu", "residual", residual, x.x.shape(), x.x);
    const SavedNorm saved(x);
    const Tensor y = relu_of_sum(x.x, saved.affine(), residual, {});
    SavedTensor output(y, what, [saved, residual = SavedTensor(residual)] {
        return relu_of_sum(saved.x.get(), saved.affine(), residual.get(), {});
    });
    const auto begun = std::make_shared<MaskAndSums>(saved);
    return record(
        "add_relu", y, {x.x, x.gamma, x.beta, residual},
        [begun, output](const Tensor& dy) mutable { return backward_of_sum(*begun, output, dy); },
        output.recipe(), begun);
}

Tensor add_relu(const Normalized& x, const Normalized& residual, ForBackward what) {
    require_normalized("add_relu", "x", x);
    require_normalized("add_relu", "residual", residual);
    require_shape("add_relu", "residual", residual.x, x.x.shape(), x.x);
    const SavedNorm first(x), second(residual);
    const Tensor y = relu_of_sum(x.x, first.affine(), residual.x, second.affine());
    SavedTensor output(y, what, [first, second] {
        return relu_of_sum(first.x.get(), first.affine(), second.x.get(), second.affine());
    });
    const auto begun = std::make_shared<MaskAndSums>(first);
    return record(
        "add_relu", y, {x.x, x.gamma, x.beta, residual.x, residual.gamma, residual.beta},
        [begun, second, output](const Tensor& dy) mutable {
            Gradients gradients = backward_of_sum(*begun, output, dy);
            const Tensor dr = std::move(gradients.back());
            gradients.pop_back();
            for (Tensor& gradient : second.backward(dr, false, true))
                gradients.push_back(std::move(gradient));
            return gradients;
        },
        output.recipe(), begun);
}

}  // namespace mdn
