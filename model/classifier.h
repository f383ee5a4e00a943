// From the pooled features of image and entities to class scores (SPEC §5).
#pragma once

#include "model/config.h"
#include "model/layers.h"

namespace mdn {

struct Classifier {
    ModuleName module;
    Mlp mlp;
    Dropout dropout;

    Classifier(const Scope& scope, const Config& config, DropoutSites& sites);
    /// f_cnn [B,C] and f_entity [B,K·D], one of which may be undefined → logits [B,classes]
    Tensor forward(const Tensor& f_cnn, const Tensor& f_entity,
                   const ForwardOptions& options) const;
};

}  // namespace mdn
