// The whole model: frames and boxes, or joints, in, logits and losses out (SPEC §1).
#pragma once

#include <memory>
#include <optional>

#include "engine/parameters.h"
#include "engine/random.h"
#include "engine/tensor.h"
#include "model/config.h"
#include "model/forward_options.h"
#include "model/inputs.h"

namespace mdn {

/// Every named tensor of SPEC §9. Those a variant does not have (SPEC §8) are undefined.
struct Outputs {
    Tensor features;                 // [B,T,H,W,C], with frames
    Tensor entities;                 // X [B,T,K,D]
    Tensor st, ts, fused;            // [B,T,K,D]
    Tensor alpha;                    // [B,K,2], index 0 = ST; ½ each when fusion is the mean
    Tensor f_cnn;                    // [B,C], with frames
    Tensor f_entity;                 // [B,K·D]
    Tensor logits;                   // [B,classes]
    Tensor loss, loss_ce, loss_mac;  // [1]; only with labels
};

class MicroDualNet {
  public:
    /// Builds the layers and initialises the parameters from `seed`. Without one (nullopt), weights
    /// and embeddings are left uninitialised, for those who load all parameters next: to draw them
    /// takes longer than to load them. Throws Error if the configuration cannot be built.
    explicit MicroDualNet(const Config& config, std::optional<uint64_t> seed = 0,
                          DType dtype = DType::f32, Device device = Device::cpu);
    ~MicroDualNet();

    /// The dtype of activations from here on: bf16 beside f32 parameters on a GPU, or the
    /// parameters' own, as at first. Throws Error where they do not fit.
    void compute_in(DType activations);

    const Config& config() const;
    /// In SPEC §7's names; shared handles, so that loading overwrites in place.
    ParameterStore& parameters();
    const ParameterStore& parameters() const;

    /// Reads frames and, unless regions are none, boxes; in modality pose joints alone. labels i64
    /// [B] or undefined. Throws Error naming the tensor whose shape does not fit.
    Outputs forward(const Inputs& inputs, const Tensor& labels, const ForwardOptions& options = {});
    /// What follows the backbone, from its features [B,T,H,W,C] (SEM to loss). Throws Error in
    /// modality pose, which has none.
    Outputs head(const Tensor& features, const Tensor& boxes, const Tensor& labels,
                 const ForwardOptions& options = {});

    /// The logits if every entity took one path alone, α = 1 for it, whatever the router chose;
    /// from the outputs of an evaluating pass, at the price of the classifier. `path` is st or ts.
    /// Throws Error without both paths.
    Tensor logits_of_path(const Outputs& outputs, Paths path) const;

    /// The outputs if the router had chosen `alpha` [B,K,2]: alpha, fused, f_entity and logits
    /// follow it, the rest stays; from the outputs of an evaluating pass, at the price of the
    /// classifier. Throws Error without both paths, or where alpha has another shape or dtype.
    Outputs rerouted(const Outputs& outputs, const Tensor& alpha) const;

  private:
    struct Layers;
    Outputs from_features(const Tensor& features, const Tensor& boxes, const Tensor& labels,
                          const ForwardOptions& options);
    /// What follows the entities: adds to outputs that hold them, or features alone.
    Outputs from_entities(Outputs outputs, const Tensor& labels, const ForwardOptions& options);
    std::unique_ptr<Layers> layers_;
};

}  // namespace mdn
