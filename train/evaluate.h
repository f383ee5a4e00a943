// Runs a model over the clips of a loader.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "model/micro_dualnet.h"
#include "train/metrics.h"

namespace mdn {

struct Evaluation {
    /// In the order of the list; without probabilities where another rank has read the clip.
    std::vector<ClipPrediction> predictions;
    int64_t without_person = 0;  // clips in which no entity is visible
};

/// What the model says about a clip: the mean over its views.
struct ViewAverage {
    std::vector<double> probabilities;             // [C], mean of the views' softmax
    std::vector<std::pair<double, double>> alpha;  // [K], (ST, TS); empty without two paths
    /// [C], of each path alone; only with EvaluationOptions::paths_alone and two paths.
    std::vector<double> st_alone = {}, ts_alone = {};
};

/// The mean over rows first … first+views-1 of logits [rows,C] and alpha [rows,K,2] (undefined
/// without two paths), on the CPU. Throws NonFinite naming the clip if a logit is not finite.
ViewAverage average_views(const Tensor& logits, const Tensor& alpha, int64_t first, int64_t views,
                          const std::string& clip);

struct EvaluationOptions {
    int64_t views = 1;   // of each clip, averaged (ClipOptions::views)
    bool record = true;  // forward passes, on a device that can
    /// Also asks what each path alone would say, at the price of the classifier.
    bool paths_alone = false;
};

/// Goes through the loader's list once, in evaluation mode and without gradients, and hands over
/// every batch with what the model says about its clips. The next batch is read, and brought to the
/// device, meanwhile. Throws NonFinite naming the clip if a logit is not finite.
void for_each_batch(MicroDualNet& model, Loader& loader, const EvaluationOptions& options,
                    const std::function<void(const Batch&, std::vector<ViewAverage>)>& use);

/// The same for labelled clips, with each path alone; `progress`, where given, is told the clips
/// done after each batch.
Evaluation evaluate(MicroDualNet& model, Loader& loader, const EvaluationOptions& options = {},
                    const std::function<void(int64_t)>& progress = {});

/// "clips without a visible person: 3 (…)", `what` being "clips": how many there were, and what the
/// model was shown instead of one.
std::string without_person_text(const std::string& what, int64_t count, const Config& config);

/// softmax of one row of logits, in double.
std::vector<double> probabilities_of(const float* logits, int64_t classes);

}  // namespace mdn
