#include "model/classifier.h"

namespace mdn {

namespace {

int64_t input_size(const Config& config) {
    return (config.has_frames() ? config.feature_channels() : 0) +
           (config.has_entities() ? config.entity_count() * config.dim : 0);
}

}  // namespace

Classifier::Classifier(const Scope& scope, const Config& config, DropoutSites& sites)
    : module(scope.module()),
      mlp(scope, input_size(config), config.head_hidden, config.classes),
      dropout(sites, config.head_dropout) {}

Tensor Classifier::forward(const Tensor& f_cnn, const Tensor& f_entity,
                           const ForwardOptions& options) const {
    const ModuleScope in(module);
    // [f_cnn ; f_entity] → Linear → GELU → dropout → Linear
    const Tensor x = f_cnn.defined() && f_entity.defined() ? concat(f_cnn, f_entity)
                     : f_cnn.defined()                     ? f_cnn
                                                           : f_entity;
    const Tensor hidden = in.output(mlp.fc1.forward_gelu(x), "hidden");
    return in.output(mlp.fc2.forward(dropout.forward(hidden, options)));
}

}  // namespace mdn
