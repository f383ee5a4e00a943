// A page that shows what a model confuses and what each body part's router chose.
#pragma once

#include <string>
#include <vector>

#include "train/metrics.h"

namespace mdn {

/// One HTML file with inline SVG that refers to nothing outside itself: the rates, the routing
/// weights per entity and per class (with two paths), and the confusion matrix.
std::string report_html(const Metrics& metrics, const std::vector<std::string>& entities,
                        const std::string& title);

}  // namespace mdn
