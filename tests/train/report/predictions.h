// Random answers of a model that is often right, for tests of what is computed from them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/random.h"
#include "train/metrics.h"

namespace mdn::test {

/// 4 actions of 2 body-level classes; the last has no clip.
inline ClassNames four_classes() {
    return {{"nod", "shake <b>", "wave", "never seen"}, {"head", "hand"}, {0, 0, 1, 1}};
}

/// `count` clips of the first three, answered by random probabilities that lean to the truth; two
/// entities.
inline std::vector<ClipPrediction> random_predictions(int64_t count, uint64_t seed) {
    Random random(seed);
    std::vector<ClipPrediction> predictions;
    for (int64_t i = 0; i < count; ++i) {
        ClipPrediction& clip = predictions.emplace_back();
        clip.clip = std::string("clip_").append(std::to_string(i));
        clip.label = random.below(3);
        double total = 0;
        for (int64_t c = 0; c < 4; ++c) {
            clip.probabilities.push_back(random.uniform() + (c == clip.label ? 0.5 : 0));
            total += clip.probabilities.back();
        }
        for (double& p : clip.probabilities) p /= total;
        clip.alpha_st = {random.uniform(), random.uniform()};
        clip.st_alone = random.below(2) ? clip.label : random.below(4);
        clip.ts_alone = random.below(4);
    }
    return predictions;
}

}  // namespace mdn::test
