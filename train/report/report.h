// The page about one run, or several beside each other.
#pragma once

#include <string>
#include <vector>

#include "train/report/run_data.h"

namespace mdn {

/// One HTML file (train/page/page.h) with every figure that the runs have data for, and a sentence
/// for each that they have not. Of several runs, the rates stand beside each other, with the
/// difference of each to the first where they answered the same clips; the last is shown in detail
/// first. Stays under 3 MB: pictures of the last runs
/// are left out where they would not fit, and the page says so. There must be a run.
std::string report_html(std::vector<RunData> runs);

/// report_html() of the runs in these folders; throws as read_run does.
std::string report_of_folders(const std::vector<std::string>& folders,
                              const std::string& evaluation = "");

}  // namespace mdn
