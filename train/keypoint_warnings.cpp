#include "train/keypoint_warnings.h"

#include <set>

#include "data/split_survey.h"

namespace mdn {

void warn_of_keypoints(const Loader& loader, const std::string& split, Progress& progress) {
    std::set<std::string> hints;
    for (const auto& [message, hint] : survey_split(loader.clips(), split, loader.options())) {
        progress.line("warning: " + message);
        if (!hint.empty() && hints.insert(hint).second) progress.line("hint: " + hint);
    }
}

}  // namespace mdn
