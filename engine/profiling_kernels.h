// The kernel contract once more: tells an observer what each call is and moves, and passes it on.
#pragma once

#include <exception>

#include "engine/kernels.h"

namespace mdn {

class CallObserver {
  public:
    virtual ~CallObserver() = default;
    /// Calls nest where a kernel calls others. Bytes and operations are KernelFamily's (profile.h).
    virtual void begin(const char* family, double bytes, double operations) = 0;
    virtual void end() = 0;
};

class ProfilingKernels final : public Kernels {
  public:
    ProfilingKernels(Kernels& inner, CallObserver& profile) : inner_(inner), profile_(profile) {}

    std::string device_name() const override { return inner_.device_name(); }
    void allow_tf32() override { inner_.allow_tf32(); }
    void fill(double value, Tensor& y) override {
        const Call call(profile_, "copies and casts", bytes_of(y));
        inner_.fill(value, y);
    }
    void copy(const Tensor& x, const Tensor& y) override {
        const Call call(profile_, "copies and casts", bytes_of(x, y));
        inner_.copy(x, y);
    }
    void cast(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "copies and casts", bytes_of(x, y));
        inner_.cast(x, y);
    }
    void cast_all(const std::vector<Tensor>& x, const std::vector<Tensor>& y) override {
        double bytes = 0;
        for (size_t i = 0; i < x.size(); ++i) bytes += bytes_of(x[i], y[i]);
        const Call call(profile_, "copies and casts", bytes);
        inner_.cast_all(x, y);
    }
    void add(const Tensor& a, const Tensor& b, Tensor& y) override {
        const Call call(profile_, "elementwise", bytes_of(a, b, y));
        inner_.add(a, b, y);
    }
    void multiply(const Tensor& a, const Tensor& b, Tensor& y) override {
        const Call call(profile_, "elementwise", bytes_of(a, b, y));
        inner_.multiply(a, b, y);
    }
    void scale(const Tensor& x, double factor, Tensor& y) override {
        const Call call(profile_, "elementwise", bytes_of(x, y));
        inner_.scale(x, factor, y);
    }
    void relu_forward(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "elementwise", bytes_of(x, y));
        inner_.relu_forward(x, y);
    }
    void relu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) override {
        const Call call(profile_, "elementwise", bytes_of(x, dy, dx));
        inner_.relu_backward(x, dy, dx);
    }
    void gelu_forward(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "elementwise", bytes_of(x, y));
        inner_.gelu_forward(x, y);
    }
    void gelu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) override {
        const Call call(profile_, "elementwise", bytes_of(x, dy, dx));
        inner_.gelu_backward(x, dy, dx);
    }
    void dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) override {
        const Call call(profile_, "dropout", bytes_of(x, y));
        inner_.dropout(x, p, stream, y);
    }
    void sum(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "sums and means", bytes_of(x, y));
        inner_.sum(x, y);
    }
    void mean_forward(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "sums and means", bytes_of(x, y));
        inner_.mean_forward(x, y);
    }
    void mean_backward(const Tensor& dy, Tensor& dx) override {
        const Call call(profile_, "sums and means", bytes_of(dy, dx));
        inner_.mean_backward(dy, dx);
    }
    void concat(const Tensor& a, const Tensor& b, Tensor& y) override {
        const Call call(profile_, "layout", bytes_of(a, b, y));
        inner_.concat(a, b, y);
    }
    void split(const Tensor& y, Tensor& a, Tensor& b) override {
        const Call call(profile_, "layout", bytes_of(y, a, b));
        inner_.split(y, a, b);
    }
    void swap_middle_axes(const Tensor& x, Tensor& y) override {
        const Call call(profile_, "layout", bytes_of(x, y));
        inner_.swap_middle_axes(x, y);
    }
    void matmul(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b, double alpha,
                Tensor& c) override {
        const Call call(profile_, "matrix product", bytes_of(a, b, c),
                        2.0 * c.numel() * a.dim(transpose_a ? 0 : 1));
        inner_.matmul(a, transpose_a, b, transpose_b, alpha, c);
    }
    void linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Tensor& y) override {
        const Call call(profile_, "linear forward", bytes_of(x, weight, bias, y),
                        2.0 * y.numel() * x.dim(1));
        inner_.linear_forward(x, weight, bias, y);
    }
    void linear_gelu_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& u,
                             Tensor& y) override {
        const Call call(profile_, "linear forward", bytes_of(x, weight, bias, u, y),
                        2.0 * y.numel() * x.dim(1));
        inner_.linear_gelu_forward(x, weight, bias, u, y);
    }
    void linear_backward_input(const Tensor& dy, const Tensor& weight, Tensor& dx) override {
        const Call call(profile_, "linear backward", bytes_of(dy, weight, dx),
                        2.0 * dy.numel() * weight.dim(1));
        inner_.linear_backward_input(dy, weight, dx);
    }
    void linear_backward_weight(const Tensor& x, const Tensor& dy, Tensor& dweight,
                                Tensor& dbias) override {
        const Call call(profile_, "linear backward", bytes_of(x, dy, dweight, dbias),
                        2.0 * dweight.numel() * x.dim(0));
        inner_.linear_backward_weight(x, dy, dweight, dbias);
    }
    void grouped_linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                Tensor& y) override {
        const Call call(profile_, "grouped linear forward", bytes_of(x, weight, bias, y),
                        2.0 * y.numel() * x.dim(2));
        inner_.grouped_linear_forward(x, weight, bias, y);
    }
    void grouped_linear_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                 Tensor& dx, Tensor& dweight, Tensor& dbias) override {
        const Call call(profile_, "grouped linear backward",
                        bytes_of(x, weight, dy, dx, dweight, dbias), 4.0 * dy.numel() * x.dim(2));
        inner_.grouped_linear_backward(x, weight, dy, dx, dweight, dbias);
    }
    void conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                        const Conv2d& options, Tensor& y) override {
        const Call call(profile_, "convolution forward", bytes_of(x, weight, y),
                        2.0 * y.numel() * filter_size(weight));
        inner_.conv2d_forward(x, read, weight, options, y);
    }
    void conv2d_backward_input(const Tensor& dy, const Tensor& weight, const Conv2d& options,
                               Tensor& dx) override {
        const Call call(profile_, "convolution backward, input", bytes_of(dy, weight, dx),
                        2.0 * dy.numel() * filter_size(weight));
        inner_.conv2d_backward_input(dy, weight, options, dx);
    }
    void conv2d_backward_weight(const Tensor& x, const ChannelAffine& read, const Tensor& dy,
                                const Conv2d& options, Tensor& dweight) override {
        const Call call(profile_, "convolution backward, weight", bytes_of(x, dy, dweight),
                        2.0 * dy.numel() * filter_size(dweight));
        inner_.conv2d_backward_weight(x, read, dy, options, dweight);
    }
    void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, int64_t pad,
                                  Tensor& y) override {
        const Call call(profile_, "depthwise convolution forward", bytes_of(x, weight, y),
                        2.0 * y.numel() * weight.dim(0) * weight.dim(1));
        inner_.depthwise_conv2d_forward(x, weight, pad, y);
    }
    void depthwise_conv2d_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                   int64_t pad, Tensor& dx, Tensor& dweight) override {
        const Call call(profile_, "depthwise convolution backward",
                        bytes_of(x, weight, dy, dx, dweight),
                        4.0 * dy.numel() * weight.dim(0) * weight.dim(1));
        inner_.depthwise_conv2d_backward(x, weight, dy, pad, dx, dweight);
    }
    void temporal_shift(const Tensor& x, int64_t frames, bool backward, Tensor& y) override {
        const Call call(profile_, "temporal shift", bytes_of(x, y));
        inner_.temporal_shift(x, frames, backward, y);
    }
    void batch_norm_statistics(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                               const BatchNormOptions& options, Tensor& running_mean,
                               Tensor& running_var, Tensor& mean, Tensor& inv_std, Tensor& scale,
                               Tensor& shift) override {
        const Call call(profile_, "batch norm statistics", bytes_of(x));
        inner_.batch_norm_statistics(x, gamma, beta, options, running_mean, running_var, mean,
                                     inv_std, scale, shift);
    }
    void batch_norm_running(const std::vector<RunningNorm>& norms, double eps) override {
        double bytes = 0;
        for (const RunningNorm& n : norms) bytes += 7 * bytes_of(n.running.mean);
        const Call call(profile_, "batch norm statistics", bytes);
        inner_.batch_norm_running(norms, eps);
    }
    void channel_affine_forward(const Tensor& x, const ChannelAffine& a, const Tensor& residual,
                                const ChannelAffine& b, bool relu, Tensor& y) override {
        const Call call(profile_, "batch norm applied", bytes_of(x, residual, y));
        inner_.channel_affine_forward(x, a, residual, b, relu, y);
    }
    void relu_mask(const Tensor& y, const Tensor& dy, Tensor& dr) override {
        const Call call(profile_, "elementwise", bytes_of(y, dy, dr));
        inner_.relu_mask(y, dy, dr);
    }
    void batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                             const ChannelAffine& affine, bool batch_statistics, const Tensor& dy,
                             Tensor& dx, Tensor& dgamma, Tensor& dbeta) override {
        const Call call(profile_, "batch norm backward",
                        bytes_of(x, mean, inv_std, dy, dx, dgamma, dbeta));
        inner_.batch_norm_backward(x, mean, inv_std, affine, batch_statistics, dy, dx, dgamma,
                                   dbeta);
    }
    void max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                            Tensor& winner) override {
        const Call call(profile_, "max pooling forward", bytes_of(x, y, winner));
        inner_.max_pool2d_forward(x, options, y, winner);
    }
    void max_pool2d_backward(const Tensor& winner, const Tensor& dy, const Pool2d& options,
                             Tensor& dx) override {
        const Call call(profile_, "max pooling backward", bytes_of(winner, dy, dx));
        inner_.max_pool2d_backward(winner, dy, options, dx);
    }
    void roi_align_forward(const Tensor& features, const Tensor& boxes, double size,
                           Tensor& y) override {
        const Call call(profile_, "ROIAlign forward", bytes_of(features, boxes, y));
        inner_.roi_align_forward(features, boxes, size, y);
    }
    void roi_align_backward(const Tensor& boxes, const Tensor& dy, double size,
                            Tensor& dfeatures) override {
        const Call call(profile_, "ROIAlign backward", bytes_of(boxes, dy, dfeatures));
        inner_.roi_align_backward(boxes, dy, size, dfeatures);
    }
    void layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta, double eps,
                            Tensor& y, Tensor& mean, Tensor& inv_std) override {
        const Call call(profile_, "layer norm forward", bytes_of(x, gamma, beta, y, mean, inv_std));
        inner_.layer_norm_forward(x, gamma, beta, eps, y, mean, inv_std);
    }
    void layer_norm_backward(const Tensor& x, const Tensor& gamma, const Tensor& mean,
                             const Tensor& inv_std, const Tensor& dy, Tensor& dx, Tensor& dgamma,
                             Tensor& dbeta) override {
        const Call call(profile_, "layer norm backward",
                        bytes_of(x, gamma, mean, inv_std, dy, dx, dgamma, dbeta));
        inner_.layer_norm_backward(x, gamma, mean, inv_std, dy, dx, dgamma, dbeta);
    }
    void attention_forward(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y,
                           Tensor& probabilities) override {
        const Call call(profile_, "attention forward", bytes_of(qkv, y, probabilities),
                        4.0 * probabilities.numel() * y.dim(3) / heads);
        inner_.attention_forward(qkv, heads, axis, y, probabilities);
    }
    void attention_backward(const Tensor& qkv, const Tensor& probabilities, int64_t heads,
                            TokenAxis axis, const Tensor& dy, Tensor& dqkv) override {
        const Call call(profile_, "attention backward", bytes_of(qkv, probabilities, dy, dqkv),
                        8.0 * probabilities.numel() * dy.dim(3) / heads);
        inner_.attention_backward(qkv, probabilities, heads, axis, dy, dqkv);
    }
    void add_embeddings_forward(const Tensor& x, const Tensor& entity, const Tensor& frame,
                                Tensor& y) override {
        const Call call(profile_, "embeddings", bytes_of(x, entity, frame, y));
        inner_.add_embeddings_forward(x, entity, frame, y);
    }
    void add_embeddings_backward(const Tensor& dy, Tensor& dentity, Tensor& dframe) override {
        const Call call(profile_, "embeddings", bytes_of(dy, dentity, dframe));
        inner_.add_embeddings_backward(dy, dentity, dframe);
    }
    void softmax_forward(const Tensor& x, double temperature, Tensor& y) override {
        const Call call(profile_, "softmax", bytes_of(x, y));
        inner_.softmax_forward(x, temperature, y);
    }
    void softmax_backward(const Tensor& y, const Tensor& dy, double temperature,
                          Tensor& dx) override {
        const Call call(profile_, "softmax", bytes_of(y, dy, dx));
        inner_.softmax_backward(y, dy, temperature, dx);
    }
    void mix_forward(const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y) override {
        const Call call(profile_, "mix", bytes_of(a, b, alpha, y));
        inner_.mix_forward(a, b, alpha, y);
    }
    void mix_backward(const Tensor& a, const Tensor& b, const Tensor& alpha, const Tensor& dy,
                      Tensor& da, Tensor& db, Tensor& dalpha) override {
        const Call call(profile_, "mix", bytes_of(a, b, alpha, dy, da, db, dalpha));
        inner_.mix_backward(a, b, alpha, dy, da, db, dalpha);
    }
    void l2_normalize_forward(const Tensor& x, double eps, Tensor& y, Tensor& norm) override {
        const Call call(profile_, "L2 norm", bytes_of(x, y, norm));
        inner_.l2_normalize_forward(x, eps, y, norm);
    }
    void l2_normalize_backward(const Tensor& y, const Tensor& norm, double eps, const Tensor& dy,
                               Tensor& dx) override {
        const Call call(profile_, "L2 norm", bytes_of(y, norm, dy, dx));
        inner_.l2_normalize_backward(y, norm, eps, dy, dx);
    }
    void softmax_cross_entropy_forward(const Tensor& logits, const Tensor& targets,
                                       const Tensor& included, double smoothing, Tensor& loss,
                                       Tensor& probabilities) override {
        const Call call(profile_, "losses",
                        bytes_of(logits, targets, included, loss, probabilities));
        inner_.softmax_cross_entropy_forward(logits, targets, included, smoothing, loss,
                                             probabilities);
    }
    void contrastive_targets(const Tensor& labels, Tensor& positives, Tensor& included) override {
        const Call call(profile_, "losses", bytes_of(labels, positives, included));
        inner_.contrastive_targets(labels, positives, included);
    }
    void softmax_cross_entropy_backward(const Tensor& probabilities, const Tensor& targets,
                                        const Tensor& included, double smoothing,
                                        const Tensor& dloss, Tensor& dlogits) override {
        const Call call(profile_, "losses",
                        bytes_of(probabilities, targets, included, dloss, dlogits));
        inner_.softmax_cross_entropy_backward(probabilities, targets, included, smoothing, dloss,
                                              dlogits);
    }
    void update_table(ParameterTable& parameters) override {
        const Call call(profile_, "optimizer", 0);
        inner_.update_table(parameters);
    }
    void sgd_step(ParameterTable& parameters, const SgdOptions& options,
                  const Tensor& schedule) override {
        // Gradient read; value and momentum read and written.
        const Call call(profile_, "optimizer", bytes_of_gradients(parameters) * 5);
        inner_.sgd_step(parameters, options, schedule);
    }
    void adamw_step(ParameterTable& parameters, const AdamWOptions& options,
                    const Tensor& schedule) override {
        const Call call(profile_, "optimizer", bytes_of_gradients(parameters) * 7);
        inner_.adamw_step(parameters, options, schedule);
    }
    void global_norm(const ParameterTable& parameters, Tensor& norm) override {
        const Call call(profile_, "gradient norm", bytes_of_gradients(parameters));
        inner_.global_norm(parameters, norm);
    }
    void clip_factor(const Tensor& norm, double limit, Tensor& schedule) override {
        const Call call(profile_, "gradient norm", bytes_of(norm, schedule));
        inner_.clip_factor(norm, limit, schedule);
    }

  private:
    class Call {
      public:
        Call(CallObserver& profile, const char* family, double bytes, double operations = 0)
            : profile_(profile) {
            profile.begin(family, bytes, operations);
        }
        /// What goes wrong with the device's clock is thrown, unless something else is already.
        ~Call() noexcept(false) {
            try {
                profile_.end();
            } catch (...) {
                if (std::uncaught_exceptions() == exceptions_) throw;
            }
        }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

      private:
        CallObserver& profile_;
        int exceptions_ = std::uncaught_exceptions();
    };

    template <class... Tensors>
    static double bytes_of(const Tensors&... tensors) {
        return (0.0 + ... + (tensors.defined() ? static_cast<double>(tensors.bytes()) : 0.0));
    }

    static double bytes_of_gradients(const ParameterTable& parameters) {
        double bytes = 0;
        for (const ParameterSlot& slot : parameters.slots) bytes += bytes_of(slot.grad);
        return bytes;
    }

    /// Multiply-adds that one output of a convolution takes.
    static double filter_size(const Tensor& weight) {
        return static_cast<double>(weight.numel() / weight.dim(0));
    }

    Kernels& inner_;
    CallObserver& profile_;
};

}  // namespace mdn
