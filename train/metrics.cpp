#include "train/metrics.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/error.h"

namespace mdn {

namespace {

double f1(int64_t correct, int64_t present, int64_t predicted) {
    return percent(2 * correct, present + predicted);
}

/// Adds one clip's routing to a sum; the sum is divided by `divide` later.
void accumulate(std::vector<double>& sum, const std::vector<double>& alpha) {
    sum.resize(alpha.size(), 0.0);
    for (size_t k = 0; k < alpha.size(); ++k) sum[k] += alpha[k];
}

void divide(std::vector<double>& sum, int64_t count) {
    for (double& value : sum) value /= static_cast<double>(count);
}

}  // namespace

double percent(int64_t part, int64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::vector<int64_t> top_classes(const std::vector<double>& probabilities, int64_t count) {
    std::vector<int64_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), 0);
    const auto wanted = order.begin() + std::min<int64_t>(count, std::ssize(order));
    std::partial_sort(order.begin(), wanted, order.end(), [&](int64_t a, int64_t b) {
        return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
    });
    return {order.begin(), wanted};
}

F1 f1_scores(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted) {
    std::set<int64_t> present(truth.begin(), truth.end());
    present.insert(predicted.begin(), predicted.end());
    F1 scores;
    int64_t correct_in_all = 0;
    for (int64_t c : present) {
        int64_t correct = 0;
        for (size_t i = 0; i < truth.size(); ++i) correct += truth[i] == c && predicted[i] == c;
        correct_in_all += correct;
        scores.macro += f1(correct, std::count(truth.begin(), truth.end(), c),
                           std::count(predicted.begin(), predicted.end(), c));
    }
    if (!present.empty()) scores.macro /= static_cast<double>(present.size());
    scores.micro = percent(correct_in_all, std::ssize(truth));
    return scores;
}

double f1_mean(const F1& action, const F1& body) {
    return (action.macro + action.micro + body.macro + body.micro) / 4;
}

Metrics compute_metrics(const std::vector<ClipPrediction>& predictions, const ClassNames& names) {
    if (predictions.empty()) throw Error("there are no predictions to evaluate");
    Metrics metrics;
    metrics.clips = std::ssize(predictions);
    metrics.classes.resize(names.names.size());
    metrics.confusion.assign(names.names.size(), std::vector<int64_t>(names.names.size()));
    for (size_t c = 0; c < names.names.size(); ++c) metrics.classes[c].name = names.names[c];

    std::vector<int64_t> truth, predicted;
    int64_t in_top5 = 0;
    for (const ClipPrediction& clip : predictions) {
        const std::vector<int64_t> top = top_classes(clip.probabilities, 5);
        in_top5 += std::count(top.begin(), top.end(), clip.label);
        truth.push_back(clip.label);
        predicted.push_back(top.front());
        metrics.loss += clip.loss / static_cast<double>(metrics.clips);
        ++metrics.confusion[clip.label][top.front()];
        ClassMetrics& own = metrics.classes[clip.label];
        ++own.clips;
        own.correct += top.front() == clip.label;
        ++metrics.classes[top.front()].predicted;
        accumulate(own.alpha_st, clip.alpha_st);
        accumulate(metrics.alpha_st, clip.alpha_st);
    }
    divide(metrics.alpha_st, metrics.clips);
    for (ClassMetrics& c : metrics.classes) {
        c.precision = percent(c.correct, c.predicted);
        c.recall = percent(c.correct, c.clips);
        c.f1 = f1(c.correct, c.clips, c.predicted);
        divide(c.alpha_st, c.clips);
    }
    metrics.action = f1_scores(truth, predicted);
    metrics.top1 = metrics.action.micro;
    metrics.top5 = percent(in_top5, metrics.clips);

    metrics.has_body = !names.body_of.empty();
    if (metrics.has_body) {
        for (int64_t& c : truth) c = names.body_of[c];
        for (int64_t& c : predicted) c = names.body_of[c];
        metrics.body = f1_scores(truth, predicted);
        metrics.body_top1 = metrics.body.micro;
        metrics.f1_mean = f1_mean(metrics.action, metrics.body);
    }
    return metrics;
}

}  // namespace mdn
