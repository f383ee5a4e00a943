// A Normalized as backward closures capture it: no parameter and nothing of the graph.
#pragma once

#include "engine/autograd.h"
#include "engine/norm_over_ranks.h"
#include "engine/ops.h"

namespace mdn {

struct SavedNorm {
    SavedTensor x;
    Tensor mean, inv_std, scale, shift;
    bool batch_statistics;
    NormRanks ranks;
    int64_t rows;

    explicit SavedNorm(const Normalized& n)
        : x(n.x),
          mean(n.mean),
          inv_std(n.inv_std),
          scale(n.scale),
          shift(n.shift),
          batch_statistics(n.batch_statistics),
          ranks(n.ranks),
          rows(n.rows) {}

    ChannelAffine affine(bool relu = false) const { return {scale, shift, relu}; }

    /// relu(BN(x)), and the ReLU of a sum of BN(x) and something else whose output was y.
    NormAndRelu with_relu() const { return {x.get(), mean, inv_std, affine(true), {}}; }
    NormAndRelu with_output(const Tensor& y) const { return {x.get(), mean, inv_std, affine(), y}; }

    /// Gradients of x, γ and β, by that of BN(x), or of relu(BN(x)). dx is dy's memory if
    /// `overwrite_dy`.
    Gradients backward(const Tensor& dy, bool relu, bool overwrite_dy) const {
        Tensor dx = overwrite_dy ? dy : empty_like(dy);
        Tensor dgamma = empty_like(mean), dbeta = empty_like(mean);
        kernels(dy).batch_norm_backward(x.get(), mean, inv_std, affine(relu), of_own_rows(), dy, dx,
                                        dgamma, dbeta);
        add_what_ranks_know(dgamma, dbeta, dx);
        return {dx, dgamma, dbeta};
    }

    /// The same where the gradient came from conv2d_backward_input_sums, and so the sums.
    Gradients backward_from_sums(const Tensor& g, const Tensor& dgamma, const Tensor& dbeta,
                                 bool overwrite_g) const {
        Tensor dx = overwrite_g ? g : empty_like(g);
        kernels(g).batch_norm_backward_from_sums(x.get(), mean, inv_std, affine(), of_own_rows(), g,
                                                 dgamma, dbeta, dx);
        add_what_ranks_know(dgamma, dbeta, dx);
        return {dx, dgamma, dbeta};
    }

  private:
    /// Whether the statistics are functions of x alone.
    bool of_own_rows() const { return batch_statistics && !ranks.over; }
    /// To dx = scale·g, where the statistics are those of all ranks.
    void add_what_ranks_know(const Tensor& dgamma, const Tensor& dbeta, Tensor& dx) const {
        if (ranks.over)
            add_gradient_of_statistics({x.get(), mean, inv_std, scale, ranks, rows}, dgamma, dbeta,
                                       dx);
    }
};

/// The backward of relu(BN(x) + …) begins with the ReLU's mask and with batch norm's sums of what
/// that lets through. A convolution that reads the output can do both (conv2d_backward_input_sums).
struct MaskAndSums final : Beginning {
    explicit MaskAndSums(const SavedNorm& norm) : norm(norm) {}
    SavedNorm norm;
    Tensor dgamma, dbeta;  // once it is done; dy is then behind the ReLU
};

}  // namespace mdn
