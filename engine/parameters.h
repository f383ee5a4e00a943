// The named tensors of a model, in order: what is trained, saved and loaded.
#pragma once

#include <string>
#include <vector>

#include "engine/kernels.h"
#include "engine/module_scope.h"
#include "engine/random.h"
#include "engine/rounded_weights.h"
#include "engine/tensor.h"

namespace mdn {

enum class Role {
    weight,     // of a convolution or linear layer: weight decay applies (SPEC §9)
    bias,       // no decay
    norm,       // scale or shift of a normalisation: no decay
    embedding,  // no decay
    buffer      // running statistics: not trained
};

/// How a tensor is laid out in a checkpoint, where it differs from memory (SPEC §7).
enum class DiskLayout {
    same,
    conv,      // memory [O,kh,kw,I], disk [O,I,kh,kw]
    depthwise  // memory [kh,kw,C], disk [C,1,kh,kw]
};

struct Parameter {
    std::string name;  // SPEC §7, "backbone.layer1.0.conv1.weight"
    Tensor value;      // leaf that requires a gradient, unless a buffer
    Role role;
    DiskLayout layout = DiskLayout::same;

    bool trained() const { return role != Role::buffer; }
    bool decays() const { return role == Role::weight; }
    /// The value's shape in a checkpoint.
    Shape disk_shape() const;
    /// `x`, shaped as value (the value itself or its gradient), as a CPU tensor in disk layout.
    Tensor to_disk(const Tensor& x) const;
    /// Overwrites the value with a CPU tensor of disk_shape() (f32 or f64, cast as needed). Throws
    /// Error naming the parameter, and changes nothing, if shape or dtype do not fit.
    void load_disk(const Tensor& stored) const;
};

/// Owns a model's parameters in the order their layers were built.
class ParameterStore {
  public:
    explicit ParameterStore(DType dtype = DType::f32, Device device = Device::cpu)
        : dtype_(dtype), device_(device) {}

    DType dtype() const { return dtype_; }
    Device device() const { return device_; }
    /// Registers a CPU tensor of initial values under a unique name (std::logic_error if it is not)
    /// and returns the parameter, of the store's dtype and device. A tensor that somebody else
    /// holds as well is copied.
    Tensor add(std::string name, Tensor initial, Role role, DiskLayout layout = DiskLayout::same);
    const std::vector<Parameter>& all() const { return all_; }
    /// Null if there is none of that name.
    const Parameter* find(const std::string& name) const;
    /// Drops the gradients of all parameters.
    void zero_grad() const;
    /// Brings the bf16 copies that matrix products read of the weights (rounded_weights.h) up to
    /// date with their values, and makes them at first; all in one pass. To be called before bf16
    /// activations meet weights that may have changed. On a GPU only.
    void round_weights();
    /// Memory for a batch norm's folded form, which fold_batch_norms() fills. Undefined on a CPU,
    /// where folding at each call costs nothing.
    FoldedBatchNorm keep_folded(const Tensor& gamma, const Tensor& beta,
                                const RunningStatistics& running);
    /// Folds every batch norm that is kept so, with the default eps; all in one pass. To be called
    /// before the first evaluation, and whenever parameters or statistics may have changed since
    /// the last.
    void fold_batch_norms() const;
    /// Number of trained scalars.
    int64_t trained_count() const;

  private:
    DType dtype_;
    Device device_;
    std::vector<Parameter> all_;
    RoundedWeights rounded_;
    std::vector<BatchNormToFold> norms_;
};

/// A place in the tree of names while a model is being built: `Scope layer = scope / "layer1"`.
class Scope {
  public:
    Scope(ParameterStore& store, Random& random, std::string prefix = {})
        : Scope(store, &random, std::move(prefix)) {}
    /// Without a generator (null), what would be drawn is left uninitialised: to be loaded.
    Scope(ParameterStore& store, Random* random, std::string prefix = {})
        : store_(&store), random_(random), prefix_(std::move(prefix)) {}

    Scope operator/(const std::string& name) const;
    /// The name of the module that is built here.
    ModuleName module() const { return module_name(prefix_); }

    /// Convolution weight [O,kh,kw,I], He normal by fan-out, as torchvision initialises ResNet.
    Tensor conv(const std::string& name, int64_t out, int64_t kernel, int64_t in) const;
    /// Depthwise weight [k,k,C], He normal.
    Tensor depthwise(const std::string& name, int64_t kernel, int64_t channels) const;
    /// Linear weight of any leading axes, [..., O, I], Xavier uniform times `gain`.
    Tensor linear(const std::string& name, Shape shape, double gain = 1) const;
    Tensor bias(const std::string& name, Shape shape) const;         // zeros
    Tensor norm_scale(const std::string& name, int64_t size) const;  // ones
    Tensor norm_shift(const std::string& name, int64_t size) const;  // zeros
    Tensor embedding(const std::string& name, Shape shape) const;    // normal, deviation 0.02
    /// Buffers running_mean (zeros) and running_var (ones), [size].
    RunningStatistics running_statistics(int64_t size) const;
    /// ParameterStore::keep_folded.
    FoldedBatchNorm keep_folded(const Tensor& gamma, const Tensor& beta,
                                const RunningStatistics& running) const;

  private:
    Tensor add(const std::string& name, Tensor initial, Role role,
               DiskLayout layout = DiskLayout::same) const;
    Tensor normal(const Shape& shape, double deviation) const;
    Tensor uniform(const Shape& shape, double bound) const;

    ParameterStore* store_;
    Random* random_;
    std::string prefix_;
};

}  // namespace mdn
