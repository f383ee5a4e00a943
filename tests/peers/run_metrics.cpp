// The figures of train/metrics.h for given predictions.
#include "tests/peers/run_case.h"
#include "train/metrics.h"

namespace mdn::peers {

/// Reads probabilities f64 [N,C], labels i64 [N] and, where there are body-level classes, body_of
/// i64 [C]. Makes rates f64 [8] (Top-1, Top-5, macro and micro F1 of actions, Top-1, macro and
/// micro F1 of body-level classes, F1mean), classes f64 [C,6] (clips, predicted, correct,
/// precision, recall, F1) and confusion i64 [C,C].
void run_metrics(const Step& step) {
    Tensors& tensors = step.tensors();
    const Tensor probabilities = tensors.at("probabilities"), labels = tensors.at("labels");
    const int64_t clips = probabilities.dim(0), classes = probabilities.dim(1);
    ClassNames names;
    for (int64_t c = 0; c < classes; ++c) names.names.push_back(std::to_string(c));
    if (tensors.contains("body_of")) {
        names.body_of = tensors.at("body_of").to_vector<int64_t>();
        for (const int64_t body : names.body_of)
            while (std::ssize(names.body_names) <= body)
                names.body_names.push_back(std::to_string(names.body_names.size()));
    }
    std::vector<ClipPrediction> predictions(clips);
    for (int64_t n = 0; n < clips; ++n) {
        const double* row = probabilities.data<double>() + n * classes;
        predictions[n].label = labels.data<int64_t>()[n];
        predictions[n].probabilities.assign(row, row + classes);
    }
    const Metrics metrics = compute_metrics(predictions, names);
    tensors["rates"] = Tensor::from<double>(
        {metrics.top1, metrics.top5, metrics.action.macro, metrics.action.micro, metrics.body_top1,
         metrics.body.macro, metrics.body.micro, metrics.f1_mean},
        {8});
    std::vector<double> own;
    for (const ClassMetrics& c : metrics.classes)
        own.insert(own.end(), {static_cast<double>(c.clips), static_cast<double>(c.predicted),
                               static_cast<double>(c.correct), c.precision, c.recall, c.f1});
    tensors["classes"] = Tensor::from(own, {classes, 6});
    std::vector<int64_t> confusion;
    for (const auto& row : metrics.confusion)
        confusion.insert(confusion.end(), row.begin(), row.end());
    tensors["confusion"] = Tensor::from(confusion, {classes, classes});
}

}  // namespace mdn::peers
