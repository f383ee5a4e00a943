// Runs a model over the clips of a loader.
#pragma once

#include <functional>
#include <vector>

#include "data/loader.h"
#include "model/micro_dualnet.h"
#include "train/metrics.h"

namespace mdn {

struct Evaluation {
    std::vector<ClipPrediction> predictions;  // in the order of the list
    int64_t without_person = 0;               // clips whose boxes are the whole frame
};

/// Evaluation mode, no gradients. Of a clip with two views (Sampling::twice) probabilities and
/// routing weights are averaged. `progress`, where given, is told the clips done after each batch.
/// Throws NonFinite naming the clip if a logit is not finite.
Evaluation evaluate(MicroDualNet& model, Loader& loader, int64_t views = 1,
                    const std::function<void(int64_t)>& progress = {});

/// softmax of one row of logits, in double.
std::vector<double> probabilities_of(const float* logits, int64_t classes);

}  // namespace mdn
