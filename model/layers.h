// The small parts that every module of the model is made of.
#pragma once

#include <string>

#include "engine/module_scope.h"
#include "engine/ops.h"
#include "engine/parameters.h"
#include "model/forward_options.h"

namespace mdn {

/// Names `<prefix>.weight` [O,kh,kw,I], without bias.
struct Convolution {
    ModuleName module;
    Tensor weight;
    Conv2d options;

    Convolution(const Scope& scope, int64_t in, int64_t out, int64_t kernel, Conv2d options = {})
        : module(scope.module()), weight(scope.conv("weight", out, kernel, in)), options(options) {}
    /// `what` and `moments` as in conv2d.
    Tensor forward(const Tensor& x, ForBackward what = ForBackward::keep,
                   Tensor* moments = nullptr) const {
        const ModuleScope in(module);
        return conv2d(x, weight, options, what, moments);
    }
    /// Reads relu(x).
    Tensor forward(const Normalized& x, ForBackward what = ForBackward::keep,
                   Tensor* moments = nullptr) const {
        const ModuleScope in(module);
        return conv2d(x, weight, options, what, moments);
    }
};

/// Names `<prefix>.{weight,bias,running_mean,running_var}` [C]; eps 1e-5, momentum 0.1 (SPEC §2).
struct BatchNorm {
    ModuleName module;
    Tensor gamma, beta;
    RunningStatistics running;
    FoldedBatchNorm folded;

    BatchNorm(const Scope& scope, int64_t channels)
        : module(scope.module()),
          gamma(scope.norm_scale("weight", channels)),
          beta(scope.norm_shift("bias", channels)),
          running(scope.running_statistics(channels)),
          folded(scope.keep_folded(gamma, beta, running)) {}
    /// What evaluation reads of it.
    FoldedBatchNorm fold() const {
        return folded.defined() ? folded
                                : fold_batch_norm(gamma, beta, running, BatchNormOptions().eps);
    }
    Normalized forward(const Tensor& x, const ForwardOptions& options, const Tensor& moments = {}) {
        const ModuleScope in(module);
        return batch_norm(x, gamma, beta, running,
                          {.training = options.training, .ranks = options.ranks.of_norms()}, folded,
                          moments);
    }
};

/// BN(x ∗ W), where x is a Tensor, or a Normalized whose ReLU is read. In training the convolution
/// takes the batch's moments on the way, where the device can.
template <class X>
Normalized convolve_and_normalize(const Convolution& convolution, BatchNorm& norm, const X& x,
                                  const ForwardOptions& options,
                                  ForBackward what = ForBackward::keep) {
    Tensor moments;
    const bool alone = !options.ranks.of_norms().over;
    const Tensor y = convolution.forward(x, what, options.training && alone ? &moments : nullptr);
    return norm.forward(y, options, moments);
}

/// Whether convolve_folded() is what evaluates convolutions of x: without gradients, on devices
/// that have batch norm, residual and ReLU done while a convolution's numbers are at hand.
inline bool evaluates_folded(const Tensor& x, const ForwardOptions& options) {
    return !options.training && !grad_enabled() && kernels(x).finishes();
}

/// BN(x ∗ W) [+ residual], then ReLU if `relu`, written as one.
inline Tensor convolve_folded(const Convolution& convolution, const BatchNorm& norm,
                              const Tensor& x, bool relu, const Tensor& residual = {}) {
    const ModuleScope in(convolution.module);
    return conv2d_folded(x, convolution.weight, convolution.options, norm.fold(), relu, residual);
}

/// Names `<prefix>.{weight,bias}`, [O,I] and [O]. The initial weight is Xavier uniform times
/// `gain`.
struct Linear {
    ModuleName module;
    Tensor weight, bias;

    Linear(const Scope& scope, int64_t in, int64_t out, double gain = 1)
        : module(scope.module()),
          weight(scope.linear("weight", {out, in}, gain)),
          bias(scope.bias("bias", {out})) {}
    Tensor forward(const Tensor& x) const {
        const ModuleScope in(module);
        return linear(x, weight, bias);
    }
    Tensor forward_gelu(const Tensor& x) const {
        const ModuleScope in(module);
        return linear_gelu(x, weight, bias);
    }
};

/// Names `<prefix>.{weight,bias}` [D]; eps 1e-5 (SPEC §5).
struct LayerNorm {
    ModuleName module;
    Tensor gamma, beta;

    LayerNorm(const Scope& scope, int64_t dim)
        : module(scope.module()),
          gamma(scope.norm_scale("weight", dim)),
          beta(scope.norm_shift("bias", dim)) {}
    Tensor forward(const Tensor& x) const {
        const ModuleScope in(module);
        return layer_norm(x, gamma, beta);
    }
};

/// Linear in→hidden, GELU, Linear hidden→out. Names `<prefix>.{fc1,fc2}.*`. The initial weight of
/// fc2 is Xavier uniform times `fc2_gain`.
struct Mlp {
    ModuleName module;
    Linear fc1, fc2;

    Mlp(const Scope& scope, int64_t in, int64_t hidden, int64_t out, double fc2_gain = 1)
        : module(scope.module()),
          fc1(scope / "fc1", in, hidden),
          fc2(scope / "fc2", hidden, out, fc2_gain) {}
    Tensor forward(const Tensor& x) const {
        const ModuleScope in(module);
        return in.output(fc2.forward(fc1.forward_gelu(x)));
    }
};

/// Numbers the random ops of a model in the order they are built, so that each draws a mask of its
/// own.
class DropoutSites {
  public:
    int64_t next() { return count_++; }

  private:
    int64_t count_ = 0;
};

struct Dropout {
    double p;
    int64_t op;

    Dropout(DropoutSites& sites, double p) : p(p), op(sites.next()) {}
    Tensor forward(const Tensor& x, const ForwardOptions& options) const {
        if (!options.dropout_seed_and_step.defined()) return x;
        // A clip's mask depends on its place in the whole batch. The clips are the first axis.
        const BatchShare& share = options.ranks.share;
        const int64_t first = share.is_part() ? share.first() * (x.numel() / x.dim(0)) : 0;
        return dropout(x, p, {options.dropout_seed_and_step, op, first});
    }
};

}  // namespace mdn
