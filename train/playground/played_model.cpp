#include "train/playground/played_model.h"

#include <algorithm>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "model/mac_loss.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/trained_classes.h"

namespace mdn {

namespace {

Config config_of(const SafetensorsFile& file) {
    const auto found = file.metadata.find(metadata_config);
    if (found == file.metadata.end())
        throw Error(file.path + " does not say which model it belongs to",
                    "give a checkpoint that `train` wrote");
    Config config = parse_config(found->second, file.path);
    if (!config.has_frames() || !config.has_both_paths())
        throw Error(file.path + " holds a model without frames or without two paths",
                    "the playground shows the whole model, as configs/demo.json has it");
    return config;
}

bool same_numbers(const Tensor& a, const Tensor& b) {
    return a.defined() && a.shape() == b.shape() &&
           std::equal(a.data<float>(), a.data<float>() + a.numel(), b.data<float>());
}

/// α by hand where there is one, else the router's.
Tensor alpha_by_hand(const Tensor& router, const Scene& scene) {
    Tensor alpha = router.clone();
    for (size_t k = 0; k < scene.parts.size(); ++k)
        if (const auto st = scene.parts[k].alpha_st) {
            alpha.data<float>()[2 * k] = *st;
            alpha.data<float>()[2 * k + 1] = 1 - *st;
        }
    return alpha;
}

}  // namespace

PlayedModel::PlayedModel(const SafetensorsFile& file)
    : model_(std::make_unique<MicroDualNet>(config_of(file), std::nullopt)) {
    load_weights(model_->parameters(), file);
    classes_ = trained_classes(file);
    for (int64_t c = std::ssize(classes_); c < config().classes; ++c)
        classes_.push_back("class " + std::to_string(c));
}

PlayedAnswer PlayedModel::answer(const Inputs& clip, const Scene& scene) {
    const NoGrad no_grad;
    PlayedAnswer answer;
    answer.inputs = staged(clip, scene, config());
    const ForwardOptions options{.attention = &answer.attention};
    answer.backbone_ran = !same_numbers(seen_, answer.inputs.frames);
    if (answer.backbone_ran) {
        seen_ = answer.inputs.frames;
        answer.outputs = model_->forward(answer.inputs, Tensor(), options);
        features_ = answer.outputs.features;
    } else {
        answer.outputs = model_->head(features_, answer.inputs.boxes, Tensor(), options);
    }
    answer.router_alpha = answer.outputs.alpha;
    const bool by_hand = std::any_of(scene.parts.begin(), scene.parts.end(),
                                     [](const ChangedPart& part) { return part.alpha_st; });
    if (by_hand)
        answer.outputs =
            model_->rerouted(answer.outputs, alpha_by_hand(answer.router_alpha, scene));
    answer.probabilities = softmax(answer.outputs.logits);
    answer.similarity = mac_similarity(answer.outputs.st, answer.outputs.ts);
    return answer;
}

}  // namespace mdn
