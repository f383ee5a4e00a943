// An evaluation as a table for people, CSV for spreadsheets and JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "train/metrics.h"

namespace mdn {

/// The summary, then a row a class: clips, precision, recall, F1 and, with two paths, the mean
/// weight of the ST path per entity.
std::string metrics_table(const Metrics& metrics, const std::vector<std::string>& entities);

/// One JSON object with everything in `metrics`; rates in percent.
std::string metrics_json(const Metrics& metrics, const std::vector<std::string>& entities);

/// A header row of class names and a row a true class: how many of its clips were given each class.
std::string confusion_csv(const Metrics& metrics);

}  // namespace mdn
