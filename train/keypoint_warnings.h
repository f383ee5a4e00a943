// What a command says of a split's keypoints before it works on them.
#pragma once

#include <string>

#include "data/loader.h"
#include "train/output/progress.h"

namespace mdn {

/// Prints what survey_split() finds, each hint once. Throws as it does.
void warn_of_keypoints(const Loader& loader, const std::string& split, Progress& progress);

}  // namespace mdn
