// Evaluations beside each other: the table of `compare`, and what two runs differ in clip by clip.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "train/report/bootstrap.h"

namespace mdn {

/// Whether this is an evaluation as metrics_json() writes it: its rates are numbers, and classes
/// and confusion matrix fit each other.
bool is_evaluation(const nlohmann::ordered_json& json);
/// Throws Error with `source` and what is missing unless it has an evaluation's rates.
void check_rates(const nlohmann::ordered_json& json, const std::string& source);
/// Throws Error with `source` and what is missing unless it is an evaluation.
void check_evaluation(const nlohmann::ordered_json& json, const std::string& source);

/// Rows of Top-1, Top-5, F1 macro and F1mean, in percent; "-" where an evaluation has no such rate.
std::string comparison_table(
    const std::vector<std::pair<std::string, nlohmann::ordered_json>>& evaluations);

/// How two runs answered the same clips: Top-1 of the second minus that of the first, in points,
/// and its interval, for which each clip is drawn with both its answers.
struct PairedDifference {
    double difference = 0;
    Interval interval;
    int64_t only_first = 0, only_second = 0;  // clips that one alone got right
};
/// Of the `answers` of two evaluation_data(), which must be of the same clips.
PairedDifference paired_difference(const nlohmann::ordered_json& first,
                                   const nlohmann::ordered_json& second);

}  // namespace mdn
