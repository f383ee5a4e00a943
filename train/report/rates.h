// The rates of an evaluation with their intervals, beside chance and the most frequent class.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "train/metrics.h"
#include "train/report/bootstrap.h"

namespace mdn {

/// What the rates need to know of a clip's answer.
struct Answer {
    int64_t truth = 0, predicted = 0;
    bool in_top5 = false;
};

std::vector<Answer> answers_of(const std::vector<ClipPrediction>& predictions);

/// In percent.
struct Rate {
    std::string name;
    double value = 0;
    Interval interval;
    std::optional<double> chance;  // of a class drawn evenly; none for F1, which has no such simple
    double frequent = 0;           // of naming the most frequent class of these clips each time
};

struct RateOptions {
    bool top5 = true;  // the answers know it
    /// Body-level class of each action; empty without.
    std::vector<int64_t> body_of = {};
};

/// Top-1, Top-5, F1 macro and, with body-level classes, body Top-1 and F1mean, as metrics.h defines
/// them. There must be answers. An F1 rate of 0 or 100 % has an interval without width.
std::vector<Rate> rates_with_intervals(const std::vector<Answer>& answers, int64_t classes,
                                       const RateOptions& options);

}  // namespace mdn
