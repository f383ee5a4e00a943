// The contract between ops and devices: one abstract interface, one implementation a device.
//
// Ops check shapes and allocate outputs; a kernel only computes. All tensors of a call live on the
// kernel's device. Activations share one floating dtype T: f32, f64 (CPU) or bf16 (GPU). What is
// named weight, bias, gamma, beta, entity or frame (embeddings), their gradients, and statistics
// (mean, inv_std, norm, scale, shift, running_*, boxes) are of parameter_dtype(T), which is f32
// beside bf16 and T otherwise. Losses and optimizers never see bf16. Layouts are row-major;
// images are channels-last [N,H,W,C] with N = clips·frames. Outputs come last and are overwritten;
// they do not overlap inputs unless a comment allows it. `defined()` false means "not given".
#pragma once

#include <string>
#include <vector>

#include "engine/random.h"
#include "engine/tensor.h"

namespace mdn {

/// Geometry of a convolution.
struct Conv2d {
    int64_t stride = 1;
    int64_t pad = 0;
    /// Frames per clip when the input is read through the temporal shift (SPEC §2: C/8 channels
    /// from t+1, the next C/8 from t−1, zero beyond the clip); 0 reads it unshifted.
    int64_t shift_frames = 0;
};

/// y = scale·x + shift per channel, then ReLU if asked: batch norm as its consumer applies it.
struct ChannelAffine {
    Tensor scale, shift;  // [C]; undefined reads x as it is
    bool relu = false;
    bool defined() const { return scale.defined(); }
};

struct Pool2d {
    int64_t kernel, stride, pad;
};

/// Which axis of [B,T,K,·] attention runs along.
enum class TokenAxis { frames, entities };

struct BatchNormOptions {
    double eps = 1e-5;
    double momentum = 0.1;
    bool training = true;
};

/// Running statistics of a batch norm, [C] each, updated by training-mode calls.
struct RunningStatistics {
    Tensor mean, var;
    /// 1/√(var + eps), γ·inv_std and β − mean·scale. Where defined, evaluation reads them as they
    /// were left (ParameterStore::prepare_norms); otherwise it works them out at each call.
    Tensor inv_std = {}, scale = {}, shift = {};
};

/// Batch norm by its running statistics.
struct RunningNorm {
    Tensor gamma, beta;  // [C]
    RunningStatistics running;
};

/// One parameter as an optimizer kernel sees it. All tensors have the parameter's shape.
struct ParameterSlot {
    Tensor value, grad = {};
    Tensor momentum = {};       // SGD's buffer, AdamW's first moment
    Tensor second_moment = {};  // AdamW only
    double weight_decay = 0;
    double rate = 1;  // multiplies the schedule's learning rate, decay's included
};

/// All parameters of an optimizer, as its kernels see them. Only the slots' gradients ever change,
/// and update_table() is told; a slot without one is skipped.
struct ParameterTable {
    std::vector<ParameterSlot> slots;
    Tensor on_device = {};  // the slots where a GPU's kernels find them
};

struct SgdOptions {
    double momentum = 0.9;
};

struct AdamWOptions {
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
};

class Kernels {
  public:
    virtual ~Kernels() = default;

    /// What computes: "CPU", or the GPU's name, capability and memory.
    virtual std::string device_name() const { return "CPU"; }
    /// Lets products of f32 round their factors to TF32, where the device has that.
    virtual void allow_tf32() {}

    // ---- memory ------------------------------------------------------------------------------
    /// Any dtype. `copy` also reaches across devices.
    virtual void fill(double value, Tensor& y) = 0;
    virtual void copy(const Tensor& x, const Tensor& y) = 0;
    virtual void cast(const Tensor& x, Tensor& y) = 0;  // f32 <-> f64, on a GPU f32 <-> bf16
    /// cast() of every x[i], all of one dtype, into y[i], all of another.
    virtual void cast_all(const std::vector<Tensor>& x, const std::vector<Tensor>& y) = 0;

    // ---- elementwise, any shape ----------------------------------------------------------------
    virtual void add(const Tensor& a, const Tensor& b, Tensor& y) = 0;  // y may be a or b
    virtual void multiply(const Tensor& a, const Tensor& b, Tensor& y) = 0;
    virtual void scale(const Tensor& x, double factor, Tensor& y) = 0;  // y may be x
    virtual void relu_forward(const Tensor& x, Tensor& y) = 0;
    virtual void relu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) = 0;
    virtual void gelu_forward(const Tensor& x, Tensor& y) = 0;
    virtual void gelu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) = 0;
    /// y = x·keep/(1−p). Element i is kept when uniform_from_bits of word i % 4 of philox({low and
    /// high word of i/4, low word of step, 2³¹ + op}, seed) is at least p. Its own backward.
    virtual void dropout(const Tensor& x, double p, const RandomStream& stream, Tensor& y) = 0;

    // ---- reductions and layout -----------------------------------------------------------------
    virtual void sum(const Tensor& x, Tensor& y) = 0;  // y [1]
    /// x [outer,axis,inner] → y [outer,inner] and back: dx = dy/axis, broadcast.
    virtual void mean_forward(const Tensor& x, Tensor& y) = 0;
    virtual void mean_backward(const Tensor& dy, Tensor& dx) = 0;
    /// a [N,Ca], b [N,Cb] → y [N,Ca+Cb], and the split back.
    virtual void concat(const Tensor& a, const Tensor& b, Tensor& y) = 0;
    virtual void split(const Tensor& y, Tensor& a, Tensor& b) = 0;
    /// x [A,B,C,D] → y [A,C,B,D].
    virtual void swap_middle_axes(const Tensor& x, Tensor& y) = 0;

    // ---- matrix products -----------------------------------------------------------------------
    /// C [M,N] = alpha · op(A) · op(B); op transposes where asked.
    virtual void matmul(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b,
                        double alpha, Tensor& c) = 0;
    /// x [N,I], weight [O,I], bias [O] or undefined → y [N,O].
    virtual void linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                Tensor& y) = 0;
    /// As linear_forward, keeping the pre-activation u: y = GELU(u).
    virtual void linear_gelu_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                     Tensor& u, Tensor& y) = 0;
    virtual void linear_backward_input(const Tensor& dy, const Tensor& weight, Tensor& dx) = 0;
    /// dbias may be undefined.
    virtual void linear_backward_weight(const Tensor& x, const Tensor& dy, Tensor& dweight,
                                        Tensor& dbias) = 0;
    /// A linear layer of its own for every group: x [N,G,I], weight [G,O,I], bias [G,O] → y
    /// [N,G,O].
    virtual void grouped_linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                        Tensor& y) = 0;
    virtual void grouped_linear_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                         Tensor& dx, Tensor& dweight, Tensor& dbias) = 0;

    // ---- images --------------------------------------------------------------------------------
    /// x [N,H,W,I] read through `read` and the shift, weight [O,kh,kw,I] → y [N,H',W',O].
    virtual void conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                                const Conv2d& options, Tensor& y) = 0;
    /// dx [N,H,W,I]: the gradient of what was read, i.e. after `read`, before the shift.
    virtual void conv2d_backward_input(const Tensor& dy, const Tensor& weight,
                                       const Conv2d& options, Tensor& dx) = 0;
    virtual void conv2d_backward_weight(const Tensor& x, const ChannelAffine& read,
                                        const Tensor& dy, const Conv2d& options,
                                        Tensor& dweight) = 0;
    /// Stride 1. x [N,H,W,C], weight [kh,kw,C] → y [N,H',W',C], H' = H + 2·pad − kh + 1.
    virtual void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, int64_t pad,
                                          Tensor& y) = 0;
    virtual void depthwise_conv2d_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                           int64_t pad, Tensor& dx, Tensor& dweight) = 0;
    /// x [B·T,H,W,C], `backward` moves the other way (the adjoint).
    virtual void temporal_shift(const Tensor& x, int64_t frames, bool backward, Tensor& y) = 0;

    /// x [...,C]: mean and 1/σ over all but the last axis, running ← (1−momentum)·running +
    /// momentum·batch (variance unbiased), scale = γ/σ and shift = β − mean·scale. All [C].
    virtual void batch_norm_statistics(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                       const BatchNormOptions& options, Tensor& running_mean,
                                       Tensor& running_var, Tensor& mean, Tensor& inv_std,
                                       Tensor& scale, Tensor& shift) = 0;
    /// Overwrites inv_std, scale and shift, which must be defined, of every norm's statistics.
    virtual void batch_norm_running(const std::vector<RunningNorm>& norms, double eps) = 0;
    /// y = a(x) [+ b(residual)], then ReLU if `relu`. A residual without `b` is added as it is.
    /// The `relu` flags inside a and b are not used. y may be x.
    virtual void channel_affine_forward(const Tensor& x, const ChannelAffine& a,
                                        const Tensor& residual, const ChannelAffine& b, bool relu,
                                        Tensor& y) = 0;
    /// dr = dy where y > 0, else 0: the gradient before a ReLU whose output was y. dr may be dy.
    virtual void relu_mask(const Tensor& y, const Tensor& dy, Tensor& dr) = 0;
    /// Gradient of affine.relu ? relu(BN(x)) : BN(x). With batch statistics,
    /// dx = scale·(g − mean(g) − x̂·mean(g·x̂)), g = dy behind the ReLU; otherwise dx = scale·g.
    /// dgamma = Σ g·x̂, dbeta = Σ g. dx may be dy.
    virtual void batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                                     const ChannelAffine& affine, bool batch_statistics,
                                     const Tensor& dy, Tensor& dx, Tensor& dgamma,
                                     Tensor& dbeta) = 0;

    /// x [N,H,W,C] → y [N,H',W',C] and the winning offset ky·kernel+kx as u8 (first on a tie).
    virtual void max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                                    Tensor& winner) = 0;
    virtual void max_pool2d_backward(const Tensor& winner, const Tensor& dy, const Pool2d& options,
                                     Tensor& dx) = 0;
    /// features [N,H,W,C], boxes [N,K,4] in pixels of an image of side `size` → y [N,K,P,P,C].
    virtual void roi_align_forward(const Tensor& features, const Tensor& boxes, double size,
                                   Tensor& y) = 0;
    virtual void roi_align_backward(const Tensor& boxes, const Tensor& dy, double size,
                                    Tensor& dfeatures) = 0;

    // ---- tokens --------------------------------------------------------------------------------
    /// x [N,D]; mean and inv_std [N] are kept for the backward.
    virtual void layer_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                    double eps, Tensor& y, Tensor& mean, Tensor& inv_std) = 0;
    virtual void layer_norm_backward(const Tensor& x, const Tensor& gamma, const Tensor& mean,
                                     const Tensor& inv_std, const Tensor& dy, Tensor& dx,
                                     Tensor& dgamma, Tensor& dbeta) = 0;
    /// qkv [B,T,K,3D] → y [B,T,K,D] and probabilities [B,S,heads,L,L], where L is the length of
    /// `axis` and S that of the other one.
    virtual void attention_forward(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y,
                                   Tensor& probabilities) = 0;
    virtual void attention_backward(const Tensor& qkv, const Tensor& probabilities, int64_t heads,
                                    TokenAxis axis, const Tensor& dy, Tensor& dqkv) = 0;
    /// x [B,T,K,D] + entity [K,D] + frame [T,D] → y.
    virtual void add_embeddings_forward(const Tensor& x, const Tensor& entity, const Tensor& frame,
                                        Tensor& y) = 0;
    virtual void add_embeddings_backward(const Tensor& dy, Tensor& dentity, Tensor& dframe) = 0;
    /// Over the last axis of x [N,C]: y = softmax(x/temperature).
    virtual void softmax_forward(const Tensor& x, double temperature, Tensor& y) = 0;
    virtual void softmax_backward(const Tensor& y, const Tensor& dy, double temperature,
                                  Tensor& dx) = 0;
    /// y = alpha[b,k,0]·a + alpha[b,k,1]·b; a, b, y [B,T,K,D], alpha [B,K,2].
    virtual void mix_forward(const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y) = 0;
    virtual void mix_backward(const Tensor& a, const Tensor& b, const Tensor& alpha,
                              const Tensor& dy, Tensor& da, Tensor& db, Tensor& dalpha) = 0;
    /// Rows of x [N,D] divided by max(‖row‖, eps); norm [N] is kept.
    virtual void l2_normalize_forward(const Tensor& x, double eps, Tensor& y, Tensor& norm) = 0;
    virtual void l2_normalize_backward(const Tensor& y, const Tensor& norm, double eps,
                                       const Tensor& dy, Tensor& dx) = 0;

    // ---- losses --------------------------------------------------------------------------------
    /// Mean over rows of −Σ_c q_c·log softmax(logits)_c, with q = (1−smoothing)·onehot(target) +
    /// smoothing/(entries included). logits [N,C], targets i64 [N]; `included` u8 [N,C] or
    /// undefined: entries with 0 are left out of the softmax, and q is 0 there. loss [1];
    /// probabilities [N,C] are kept (0 where left out).
    virtual void softmax_cross_entropy_forward(const Tensor& logits, const Tensor& targets,
                                               const Tensor& included, double smoothing,
                                               Tensor& loss, Tensor& probabilities) = 0;
    /// labels i64 [B] → positives i64 [B·K], positives[n] = n, and included u8 [B·K,B·K]: 0 where a
    /// row and another column are of the same entity and of clips with the same label, else 1.
    virtual void contrastive_targets(const Tensor& labels, Tensor& positives, Tensor& included) = 0;
    /// dlogits = dloss·(probabilities − q)/N where included; dloss [1].
    virtual void softmax_cross_entropy_backward(const Tensor& probabilities, const Tensor& targets,
                                                const Tensor& included, double smoothing,
                                                const Tensor& dloss, Tensor& dlogits) = 0;

    // ---- optimizers ----------------------------------------------------------------------------
    /// Brings the slots to the device: all of them the first time, which waits for it, and from
    /// then on their gradients, which does not.
    virtual void update_table(ParameterTable& parameters) = 0;
    /// One call updates every parameter. `schedule` f64 [3] on the device: learning rate, step
    /// (from 1), and the factor on every gradient (clipping).
    virtual void sgd_step(ParameterTable& parameters, const SgdOptions& options,
                          const Tensor& schedule) = 0;
    virtual void adamw_step(ParameterTable& parameters, const AdamWOptions& options,
                            const Tensor& schedule) = 0;
    /// √Σ‖gradient‖² over all parameters, accumulated in double: norm f64 [1].
    virtual void global_norm(const ParameterTable& parameters, Tensor& norm) = 0;
    /// schedule[2] = min(1, limit/(norm + 1e-6)), or 1 where limit is 0. Not a number where the
    /// norm is not finite, upon which sgd_step and adamw_step change nothing.
    virtual void clip_factor(const Tensor& norm, double limit, Tensor& schedule) = 0;
};

/// The kernels of a device; throws Error with how to get them when this build has none.
Kernels& kernels(Device device);
inline Kernels& kernels(const Tensor& x) { return kernels(x.device()); }

}  // namespace mdn
