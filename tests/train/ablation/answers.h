// Random answers of the runs of an ablation, for tests of what is computed from them.
#pragma once

#include "engine/random.h"
#include "train/ablation/result.h"

namespace mdn::test {

/// Of the rows tsm, ts and full; 4 classes of 2 body levels, of which the last has no clip. Later
/// rows are right more often, and seeds differ.
inline AblationAnswers random_answers(std::vector<int64_t> seeds, int64_t clips, uint64_t seed) {
    Random random(seed);
    AblationAnswers answers{
        .rows = {ablation_rows()[0], ablation_rows()[2], ablation_rows()[5]},
        .seeds = std::move(seeds),
        .classes = {{"nod", "shake | sway", "wave", "never seen"}, {"head", "hand"}, {0, 0, 1, 1}},
        .truth = {},
        .predicted = {}};
    for (int64_t i = 0; i < clips; ++i) answers.truth.push_back(random.below(3));
    for (size_t row = 0; row < 3; ++row) {
        auto& of_row = answers.predicted.emplace_back();
        for (size_t s = 0; s < answers.seeds.size(); ++s) {
            auto& predicted = of_row.emplace_back();
            const double right = 0.2 + 0.15 * static_cast<double>(row) + 0.1 * random.uniform();
            for (int64_t i = 0; i < clips; ++i)
                predicted.push_back(random.uniform() < right ? answers.truth[static_cast<size_t>(i)]
                                                             : random.below(4));
        }
    }
    return answers;
}

}  // namespace mdn::test
