// A trained model that answers again and again about a clip that its reader changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "train/playground/scene.h"

namespace mdn {

/// What the model makes of a scene: f32, on the CPU, B = 1.
struct PlayedAnswer {
    Inputs inputs;            // what it was shown
    Outputs outputs;          // with α by hand where the scene says so
    Tensor router_alpha;      // [1,K,2]: what the router itself chose
    AttentionMaps attention;  // of all four transformers
    Tensor probabilities;     // [1,classes]
    Tensor similarity;        // [K,K]: mac_similarity(), rows ST and columns TS
    bool backbone_ran = true;
};

class PlayedModel {
  public:
    /// The whole model as `train` writes it. Throws Error naming the file where it holds no config,
    /// other tensors than the model has, or a model without frames, body parts or two paths.
    explicit PlayedModel(const SafetensorsFile& file);

    const Config& config() const { return model_->config(); }
    const ParameterStore& parameters() const { return model_->parameters(); }
    const std::vector<std::string>& classes() const { return classes_; }

    /// Throws as staged() does. The backbone runs only where the frames are others than in the last
    /// scene: a box or α that moves is answered by what follows it.
    PlayedAnswer answer(const Inputs& clip, const Scene& scene);

  private:
    std::unique_ptr<MicroDualNet> model_;
    std::vector<std::string> classes_;
    Tensor seen_, features_;  // of the last scene: frames, and what the backbone made of them
};

}  // namespace mdn
