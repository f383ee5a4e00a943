// The CPU's side of the kernel contract; `cpu/<op>.cpp` defines the methods.
#pragma once

#include "engine/kernels.h"

namespace mdn {

class CpuKernels final : public Kernels {
  public:
    void fill(double value, Tensor& y) override;
    void copy(const Tensor& x, const Tensor& y) override;
    void cast(const Tensor& x, Tensor& y) override;
    void cast_all(const std::vector<Tensor>& x, const std::vector<Tensor>& y) override;
    void add(const Tensor& a, const Tensor& b, Tensor& y) override;
    void multiply(const Tensor& a, const Tensor& b, Tensor& y) override;
    void scale(const Tensor& x, double factor, Tensor& y) override;
    void relu_forward(const Tensor& x, Tensor& y) override;
    void relu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) override;
    void gelu_forward(const Tensor& x, Tensor& y) override;
    void gelu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) override;
    void dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) override;
    void sum(const Tensor& x, Tensor& y) override;
    void mean_forward(const Tensor& x, Tensor& y) override;
    void mean_backward(const Tensor& dy, Tensor& dx) override;
    void concat(const Tensor& a, const Tensor& b, Tensor& y) override;
    void split(const Tensor& y, Tensor& a, Tensor& b) override;
    void swap_middle_axes(const Tensor& x, Tensor& y) override;
    void matmul(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b, double alpha,
                Tensor& c) override;
    void linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Tensor& y) override;
    void linear_gelu_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& u,
                             Tensor& y) override;
    void linear_backward_input(const Tensor& dy, const Tensor& weight, Tensor& dx) override;
    void linear_backward_weight(const Tensor& x, const Tensor& dy, Tensor& dweight,
                                Tensor& dbias) override;
    void grouped_linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                Tensor& y) override;
    void grouped_linear_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                 Tensor& dx, Tensor& dweight, Tensor& dbias) override;
    void conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                        const Conv2d& options, Tensor& y) override;
    void conv2d_backward_input(const Tensor& dy, const Tensor& weight, const Conv2d& options,
                               Tensor& dx) override;
    void conv2d_backward_weight(const Tensor& x, const ChannelAffine& read, const Tensor& dy,
                                const Conv2d& options, Tensor& dweight) override;
    void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, int64_t pad,
                                  Tensor& y) override;
    void depthwise_conv2d_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                   int64_t pad, Tensor& dx, Tensor& dweight) override;
    void temporal_shift(const Tensor& x, int64_t frames, bool backward, Tensor& y) override;
    void batch_norm_statistics(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                               const BatchNormOptions& options, Tensor& running_mean,
                               Tensor& running_var, Tensor& mean, Tensor& inv_std, Tensor& scale,
                               Tensor& shift) override;
    void batch_norm_running(const std::vector<RunningNorm>& norms, double eps) override;
    void channel_affine_forward(const Tensor& x, const ChannelAffine& a, const Tensor& residual,
                                const ChannelAffine& b, bool relu, Tensor& y) override;
    void relu_mask(const Tensor& y, const Tensor& dy, Tensor& dr) override;
    void batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                             const ChannelAffine& affine, bool batch_statistics, const Tensor& dy,
                             Tensor& dx, Tensor& dgamma, Tensor& dbeta) override;
    void max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                            Tensor& winner) override;
    void max_pool2d_backward(const Tensor& winner, const Tensor& dy, const Pool2d& options,
                             Tensor& dx) override;
    void roi_align_forward(const Tensor& features, const Tensor& boxes, double size,
                           Tensor& y) override;
    void roi_align_backward(const Tensor& boxes, const Tensor& dy, double size,
                            Tensor& dfeatures) override;
    void layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps,
                            Tensor& y, Tensor& mean, Tensor& inv_std) override;
    void layer_norm_backward(const Tensor& x, const Tensor& gamma, const Tensor& mean,
                             const Tensor& inv_std, const Tensor& dy, Tensor& dx, Tensor& dgamma,
                             Tensor& dbeta) override;
    void attention_forward(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y,
                           Tensor& probabilities) override;
    void attention_backward(const Tensor& qkv, const Tensor& probabilities, int64_t heads,
                            TokenAxis axis, const Tensor& dy, Tensor& dqkv) override;
    void add_embeddings_forward(const Tensor& x, const Tensor& entity, const Tensor& frame,
                                Tensor& y) override;
    void add_embeddings_backward(const Tensor& dy, Tensor& dentity, Tensor& dframe) override;
    void softmax_forward(const Tensor& x, double temperature, Tensor& y) override;
    void softmax_backward(const Tensor& y, const Tensor& dy, double temperature,
                          Tensor& dx) override;
    void mix_forward(const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y) override;
    void mix_backward(const Tensor& a, const Tensor& b, const Tensor& alpha, const Tensor& dy,
                      Tensor& da, Tensor& db, Tensor& dalpha) override;
    void l2_normalize_forward(const Tensor& x, double eps, Tensor& y, Tensor& norm) override;
    void l2_normalize_backward(const Tensor& y, const Tensor& norm, double eps, const Tensor& dy,
                               Tensor& dx) override;
    void softmax_cross_entropy_forward(const Tensor& logits, const Tensor& targets,
                                       const Tensor& included, double smoothing, Tensor& loss,
                                       Tensor& probabilities) override;
    void softmax_cross_entropy_backward(const Tensor& probabilities, const Tensor& targets,
                                        const Tensor& included, double smoothing,
                                        const Tensor& dloss, Tensor& dlogits) override;
    void contrastive_targets(const Tensor& labels, Tensor& positives, Tensor& included) override;
    void update_table(ParameterTable& parameters) override;
    void sgd_step(ParameterTable& parameters, const SgdOptions& options,
                  const Tensor& schedule) override;
    void adamw_step(ParameterTable& parameters, const AdamWOptions& options,
                    const Tensor& schedule) override;
    void global_norm(const ParameterTable& parameters, Tensor& norm) override;
    void clip_factor(const Tensor& norm, double limit, Tensor& schedule) override;
};

}  // namespace mdn
