// Accuracy, F1 and routing statistics of a set of predictions, as the field computes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace mdn {

/// What a model said about one clip.
struct ClipPrediction {
    std::string clip;                   // name as in the list
    int64_t label = 0;                  // may be `unlabelled`
    std::vector<double> probabilities;  // [C]
    double loss = 0;                    // −log of the label's probability; 0 without one
    std::vector<double> alpha_st;       // [K], weight of the ST path; empty without two paths
    /// The best class when every entity takes one path alone (MicroDualNet::logits_of_path); -1
    /// without two paths.
    int64_t st_alone = -1, ts_alone = -1;
};

/// What part of `whole` is, in percent; 0 of nothing.
double percent(int64_t part, int64_t whole);

/// The `count` most probable classes, best first; equal ones by index.
std::vector<int64_t> top_classes(const std::vector<double>& probabilities, int64_t count);

/// F1 of single-label predictions, in percent. Macro averages 2·TP/(2·TP+FP+FN) over the classes
/// present in truth ∪ prediction (one without a true positive counts 0); micro equals Top-1.
struct F1 {
    double macro = 0, micro = 0;
};
F1 f1_scores(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted);

/// F1mean of MA-52: the mean of macro and micro of actions and body-level classes.
double f1_mean(const F1& action, const F1& body);

struct ClassMetrics {
    std::string name;
    int64_t clips = 0;      // whose label it is
    int64_t predicted = 0;  // that were given it
    int64_t correct = 0;
    double precision = 0, recall = 0, f1 = 0;  // percent; 0 where undefined
    std::vector<double> alpha_st;              // [K], mean over its clips; empty without any
};

/// All rates in percent.
struct Metrics {
    int64_t clips = 0;
    double loss = 0;  // mean
    double top1 = 0, top5 = 0;
    F1 action;
    bool has_body = false;  // labels.txt names body-level classes
    double body_top1 = 0;   // body class of the best action
    F1 body;
    double f1_mean = 0;  // of the four; only with body-level classes
    std::vector<ClassMetrics> classes;
    std::vector<std::vector<int64_t>> confusion;  // [truth][prediction]
    std::vector<double> alpha_st;                 // [K], mean over clips; empty without two paths
};

/// Throws Error if there are no predictions.
Metrics compute_metrics(const std::vector<ClipPrediction>& predictions, const ClassNames& names);

}  // namespace mdn
