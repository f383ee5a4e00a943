#include "train/journey.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "train/load_model.h"

namespace mdn {

namespace {

/// The stages that are worth telling of, and how docs/SPEC.md writes what they give. Others, such
/// as the layers inside a transformer, are passed over.
struct KnownStage {
    const char *stage, *symbol, *section;
};
constexpr KnownStage known_stages[] = {{"frames", "", "1"},
                                       {"boxes", "", "3"},
                                       {"joints", "", "8"},
                                       {"backbone.stem", "", "2"},
                                       {"backbone.layer1", "", "2"},
                                       {"backbone.layer2", "", "2"},
                                       {"backbone.layer3", "", "2"},
                                       {"backbone.layer4", "features", "2"},
                                       {"pooling", "f_cnn", "1"},
                                       {"sem.regions", "", "4"},
                                       {"sem", "X", "4"},
                                       {"pose", "X", "8"},
                                       {"st.spatial", "Spatial-T(X)", "5"},
                                       {"st.mlp", "MLP_s(X)", "5"},
                                       {"st", "X_st", "5"},
                                       {"ts.temporal", "Temporal-T(X)", "5"},
                                       {"ts.mlp", "MLP_t(X)", "5"},
                                       {"ts", "X_ts", "5"},
                                       {"router", "α", "5"},
                                       {"fusion", "X_fused", "5"},
                                       {"fusion.f_entity", "f_entity", "1"},
                                       {"classifier.hidden", "", "5"},
                                       {"classifier", "logits", "5"},
                                       {"loss.ce", "CE", "1"},
                                       {"loss.mac.similarity", "s", "6"},
                                       {"loss.mac", "MAC", "6"},
                                       {"loss", "CE + λ·MAC", "1"}};

/// A stage of the backbone stands for its blocks: "backbone.layer3.22" is "backbone.layer3".
std::string stage_of(const std::string& module, const std::string& part) {
    constexpr const char* stages = "backbone.layer";
    if (module.starts_with(stages)) return module.substr(0, std::string(stages).size() + 1);
    return part.empty() ? module : module + "." + part;
}

JourneyStage measured(const KnownStage& known, const Tensor& x) {
    JourneyStage stage{.stage = known.stage,
                       .symbol = known.symbol,
                       .section = known.section,
                       .shape = x.shape(),
                       .least = std::numeric_limits<double>::infinity(),
                       .most = -std::numeric_limits<double>::infinity()};
    const Tensor host = on_device(cast(x.detach(), DType::f32), Device::cpu);
    const float* const begin = host.data<float>();
    const float* const end = begin + host.numel();
    const auto count_finite = [&](auto&& use) {
        int64_t count = 0;
        for (const float* value = begin; value != end; ++value)
            if (std::isfinite(*value)) ++count, use(*value);
        return count;
    };
    const int64_t finite = count_finite([&](double value) {
        stage.mean += value;
        stage.least = std::min(stage.least, value);
        stage.most = std::max(stage.most, value);
    });
    stage.not_finite = host.numel() - finite;
    if (finite == 0) return stage;
    stage.mean /= static_cast<double>(finite);
    count_finite(
        [&](double value) { stage.spread += (value - stage.mean) * (value - stage.mean); });
    stage.spread = std::sqrt(stage.spread / static_cast<double>(finite));
    return stage;
}

}  // namespace

Journey::Journey(const Inputs& inputs, const Config& config) {
    if (config.has_frames()) gave("frames", "", inputs.frames);
    if (config.has_frames() && config.has_entities()) gave("boxes", "", inputs.boxes);
    if (!config.has_frames()) gave("joints", "", inputs.joints);
}

void Journey::gave(ModuleName module, const char* part, const Tensor& y) {
    const std::string stage = stage_of(module, part);
    const auto known = std::find_if(std::begin(known_stages), std::end(known_stages),
                                    [&](const KnownStage& each) { return each.stage == stage; });
    if (known == std::end(known_stages)) return;
    // A stage's last block gives the stage's output.
    if (!stages_.empty() && stages_.back().stage == stage) stages_.pop_back();
    stages_.push_back(measured(*known, y));
}

}  // namespace mdn
