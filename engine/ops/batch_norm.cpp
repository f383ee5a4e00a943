// x̂ = (x − mean)/σ and BN(x) = γ·x̂ + β = scale·x + shift, per channel over all other axes.
// With g = dy behind the ReLU, where there is one, and statistics of the batch,
//     dβ = Σ g,  dγ = Σ g·x̂,  dx = scale·(g − mean(g) − x̂·mean(g·x̂));
// with running statistics dx = scale·g.
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace mdn {

namespace {

/// What the backward pass needs of a Normalized: no parameter and nothing of the graph.
struct Saved {
    Tensor x, mean, inv_std, scale, shift;
    bool batch_statistics;

    explicit Saved(const Normalized& n)
        : x(n.x.detach()),
          mean(n.mean),
          inv_std(n.inv_std),
          scale(n.scale),
          shift(n.shift),
          batch_statistics(n.batch_statistics) {}

    /// Gradients of x, γ and β. dx is dy's memory if `overwrite_dy`.
    Gradients backward(const Tensor& dy, bool relu, bool overwrite_dy) const {
        Tensor dx = overwrite_dy ? dy : empty_like(dy);
        Tensor dgamma = empty_like(mean), dbeta = empty_like(mean);
        kernels(dy).batch_norm_backward(x, mean, inv_std, {scale, shift, relu}, batch_statistics,
                                        dy, dx, dgamma, dbeta);
        return {dx, dgamma, dbeta};
    }
};

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
    return record(op, y, {n.x, n.gamma, n.beta}, [saved = Saved(n), relu](const Tensor& dy) {
        return saved.backward(dy, relu, dy.owns_memory_alone());
    });
}

/// The gradient in front of a ReLU whose output was y, in dy's memory where nobody else sees it.
Tensor mask_by_output(const Tensor& y, const Tensor& dy) {
    Tensor dr = dy.owns_memory_alone() ? dy : empty_like(dy);
    kernels(dy).relu_backward(y, dy, dr);
    return dr;
}

}  // namespace

Normalized batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                      RunningStatistics& running, const BatchNormOptions& options,
                      const FoldedBatchNorm& folded) {
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
                 .batch_statistics = options.training};
    if (is_ready) return n;
    for (Tensor* constant : {&n.mean, &n.inv_std, &n.scale, &n.shift})
        *constant = empty_parameter_as(x, channels);
    if (options.training) {
        kernels(x).batch_norm_statistics(x, gamma, beta, options, running.mean, running.var, n.mean,
                                         n.inv_std, n.scale, n.shift);
    } else {
        n.mean.copy_from(running.mean);  // which may change before the backward pass
        kernels(x).fold_batch_norms({{gamma, beta, running, {n.inv_std, n.scale, n.shift}}},
                                    options.eps);
    }
    return n;
}

Tensor normalize(const Normalized& x) { return materialise("normalize", x, false); }

Tensor normalize_relu(const Normalized& x) { return materialise("normalize_relu", x, true); }

Tensor add_relu(const Normalized& x, const Tensor& residual) {
    require_normalized("add_relu", "x", x);
    require_shape("add_relu", "residual", residual, x.x.shape(), x.x);
    Tensor y = empty_like(x.x);
    kernels(y).channel_affine_forward(x.x, {x.scale, x.shift}, residual, {}, true, y);
    return record("add_relu", y, {x.x, x.gamma, x.beta, residual},
                  [saved = Saved(x), y = y.detach()](const Tensor& dy) {
                      const Tensor dr = mask_by_output(y, dy);
                      // dr is the residual's gradient, so dx needs memory of its own.
                      Gradients gradients = saved.backward(dr, false, false);
                      gradients.push_back(dr);
                      return gradients;
                  });
}

Tensor add_relu(const Normalized& x, const Normalized& residual) {
    require_normalized("add_relu", "x", x);
    require_normalized("add_relu", "residual", residual);
    require_shape("add_relu", "residual", residual.x, x.x.shape(), x.x);
    Tensor y = empty_like(x.x);
    kernels(y).channel_affine_forward(x.x, {x.scale, x.shift}, residual.x,
                                      {residual.scale, residual.shift}, true, y);
    return record("add_relu", y, {x.x, x.gamma, x.beta, residual.x, residual.gamma, residual.beta},
                  [first = Saved(x), second = Saved(residual), y = y.detach()](const Tensor& dy) {
                      const Tensor dr = mask_by_output(y, dy);
                      Gradients gradients = first.backward(dr, false, false);
                      for (Tensor& gradient : second.backward(dr, false, true))
                          gradients.push_back(std::move(gradient));
                      return gradients;
                  });
}

}  // namespace mdn
