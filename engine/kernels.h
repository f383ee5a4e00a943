// The contract between ops and devices: one abstract interface, one implementation per device.
//
// Ops check shapes and allocate outputs; a kernel only computes. All tensors of a call live on the
// kernel's device. Activations share one floating dtype T: f32, f64 (CPU) or bf16 (GPU). Parameters
// (weight, bias, gamma, beta, and the embeddings entity and frame), their gradients, and statistics
// (mean, inv_std, norm, scale, shift, running_*, boxes) have dtype parameter_dtype(T): f32 where T
// is bf16, else T. Losses and optimizers never see bf16. Layouts are row-major; images are
// channels-last [N,H,W,C] with N = clips·frames. Outputs come last and are overwritten; they do not
// overlap inputs unless a comment allows it. `defined()` false means "not given".
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

/// A batch norm and the ReLU behind it, as a gradient comes back to them: x̂ = (x − mean)·inv_std.
struct NormAndRelu {
    Tensor x, mean, inv_std;
    /// BN(x). If its `relu` is set, what follows is relu(BN(x)).
    ChannelAffine affine;
    /// What follows, if it is the ReLU of a sum of BN(x) and something else; else undefined.
    Tensor output;
};

struct Pool2d {
    int64_t kernel, stride, pad;
};

/// Which axis of [B,T,K,·] attention runs along.
enum class TokenAxis { frames, entities };

class Communicator;

/// Other processes whose rows belong to a batch norm's batch.
struct NormRanks {
    Communicator* over = nullptr;  // null: x is the whole batch
    /// Of each rank. One that has none gives a clip all the same, a stand-in, which does not count.
    std::vector<int64_t> clips = {};
};

struct BatchNormOptions {
    double eps = 1e-5;
    double momentum = 0.1;
    bool training = true;
    NormRanks ranks = {};  // for the op: kernels know one process
};

/// Running statistics of a batch norm, [C] each, updated by training-mode calls.
struct RunningStatistics {
    Tensor mean, var;
};

/// What evaluation reads of a batch norm, [C] each: inv_std = 1/√(var + eps), scale = γ·inv_std and
/// shift = β − mean·scale of the running statistics.
struct FoldedBatchNorm {
    Tensor inv_std, scale, shift;
    bool defined() const { return scale.defined(); }
};

/// What a batch norm is folded from, and into what.
struct BatchNormToFold {
    Tensor gamma, beta;  // [C]
    RunningStatistics running;
    FoldedBatchNorm folded;
};

/// Rows of a convolution's output whose moments are taken together (conv2d_forward_moments).
inline constexpr int64_t moment_rows = 128;

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
    Tensor steps = {};      // AdamW only: i64 [slots], the updates that each slot has had
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
    /// Whether a convolution does on the way, at less cost, what else takes a pass over memory of
    /// its own: conv2d_forward_moments, conv2d_backward_input_add and conv2d_backward_input_sums.
    virtual bool fuses() const { return false; }
    /// Whether conv2d_forward_finished takes less than to write the convolution and let its reader
    /// apply the rest.
    virtual bool finishes() const { return false; }

#define KERNEL(name, parameters, ...) virtual void name parameters = 0;
#include "engine/kernel_list.h"
};

/// The kernels of a device; throws Error with how to get them when this build has none.
Kernels& kernels(Device device);
inline Kernels& kernels(const Tensor& x) { return kernels(x.device()); }

}  // namespace mdn
