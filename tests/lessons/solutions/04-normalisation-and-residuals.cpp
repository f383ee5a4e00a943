#include <cmath>

#include "docs/lessons/04-normalisation-and-residuals/exercise.h"
#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

struct Moments {
    double mean, variance;
};

/// Of `count` numbers that lie `stride` apart. The squared distances are divided by count − less.
Moments moments_of(const double* x, int64_t count, int64_t stride, int64_t less = 0) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; ++i) sum += x[i * stride];
    const double mean = sum / count;
    for (int64_t i = 0; i < count; ++i) squares += (x[i * stride] - mean) * (x[i * stride] - mean);
    return {mean, squares / (count - less)};
}

Tensor layer_normed(const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    Tensor y = empty_like(x);
    const int64_t rows = x.dim(0), width = x.dim(1);
    for (int64_t n = 0; n < rows; ++n) {
        const double* in = x.data<double>() + n * width;
        const Moments row = moments_of(in, width, 1);
        for (int64_t d = 0; d < width; ++d)
            y.data<double>()[n * width + d] =
                gamma.data<double>()[d] * (in[d] - row.mean) / std::sqrt(row.variance + eps) +
                beta.data<double>()[d];
    }
    return y;
}

Tensor batch_normed(const Tensor& x, const BatchNormState& state, bool training) {
    Tensor y = empty_like(x);
    const int64_t rows = x.dim(0), channels = x.dim(1);
    for (int64_t c = 0; c < channels; ++c) {
        const double* in = x.data<double>() + c;
        double& kept_mean = state.running_mean.data<double>()[c];
        double& kept_variance = state.running_var.data<double>()[c];
        const Moments used =
            training ? moments_of(in, rows, channels) : Moments{kept_mean, kept_variance};
        for (int64_t m = 0; m < rows; ++m)
            y.data<double>()[m * channels + c] = state.gamma.data<double>()[c] *
                                                     (in[m * channels] - used.mean) /
                                                     std::sqrt(used.variance + eps) +
                                                 state.beta.data<double>()[c];
        if (!training) continue;
        const Moments unbiased = moments_of(in, rows, channels, 1);
        kept_mean += momentum * (unbiased.mean - kept_mean);
        kept_variance += momentum * (unbiased.variance - kept_variance);
    }
    return y;
}

BiasedConvolution folded(const Tensor& weight, const BatchNormState& state) {
    const BiasedConvolution to = {weight.clone(), empty_like(state.beta)};
    const int64_t channels = weight.dim(0), per_channel = weight.numel() / channels;
    for (int64_t o = 0; o < channels; ++o) {
        const double factor =
            state.gamma.data<double>()[o] / std::sqrt(state.running_var.data<double>()[o] + eps);
        for (int64_t i = 0; i < per_channel; ++i)
            to.weight.data<double>()[o * per_channel + i] *= factor;
        to.bias.data<double>()[o] =
            state.beta.data<double>()[o] - state.running_mean.data<double>()[o] * factor;
    }
    return to;
}

Tensor residual_backward(const Tensor& dy, const std::vector<PassedBlock>& blocks) {
    Tensor gradient = dy.clone();
    for (size_t block = blocks.size(); block-- > 0;) {
        for (int64_t i = 0; i < gradient.numel(); ++i)
            if (blocks[block].y.data<double>()[i] <= 0) gradient.data<double>()[i] = 0;
        gradient = add(gradient, blocks[block].branch_backward(gradient));
    }
    return gradient;
}

LayerNormGradients layer_normed_backward(const Tensor& dy, const Tensor& x, const Tensor& gamma) {
    const LayerNormGradients to = {empty_like(x), zeros_like(gamma), zeros_like(gamma)};
    const int64_t rows = x.dim(0), width = x.dim(1);
    const double* g = gamma.data<double>();
    for (int64_t n = 0; n < rows; ++n) {
        const double *in = x.data<double>() + n * width, *grad = dy.data<double>() + n * width;
        const Moments row = moments_of(in, width, 1);
        const double inv_std = 1 / std::sqrt(row.variance + eps);
        const auto hat = [&](int64_t d) { return (in[d] - row.mean) * inv_std; };
        double mean_h = 0, mean_h_hat = 0;
        for (int64_t d = 0; d < width; ++d) {
            mean_h += g[d] * grad[d] / width;
            mean_h_hat += g[d] * grad[d] * hat(d) / width;
            to.gamma.data<double>()[d] += grad[d] * hat(d);
            to.beta.data<double>()[d] += grad[d];
        }
        for (int64_t d = 0; d < width; ++d)
            to.x.data<double>()[n * width + d] =
                inv_std * (g[d] * grad[d] - mean_h - hat(d) * mean_h_hat);
    }
    return to;
}

}  // namespace mdn::lesson
