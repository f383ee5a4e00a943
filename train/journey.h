// A batch's journey through the model: what each stage makes of it, in the order of the pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/module_scope.h"
#include "model/config.h"
#include "model/inputs.h"

namespace mdn {

/// One tensor on the way, over all its elements.
struct JourneyStage {
    std::string stage;    // "st.mlp": the module, and which part of it
    std::string symbol;   // as docs/SPEC.md writes it, "MLP_s(X)"; empty where it has none
    std::string section;  // of docs/SPEC.md, "5"
    Shape shape;
    double mean = 0, spread = 0;  // the spread is the standard deviation
    double least = 0, most = 0;
    int64_t not_finite = 0;  // elements, which the other figures leave out
};

/// Collects the stages of the forward passes under way while an ObserveModules installs it.
class Journey final : public ModuleObserver {
  public:
    /// The journey begins with what a model of this config reads of the inputs.
    Journey(const Inputs& inputs, const Config& config);

    void gave(ModuleName module, const char* part, const Tensor& y) override;
    const std::vector<JourneyStage>& stages() const { return stages_; }

  private:
    std::vector<JourneyStage> stages_;
};

}  // namespace mdn
