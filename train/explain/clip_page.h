// clip.html: one clip explained. clip.js draws it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/config.h"
#include "train/explain/explanation.h"

namespace mdn {

/// What the page says beside the figures.
struct ClipPageFacts {
    std::string clip;                  // its name
    std::string weights;               // the file
    std::vector<std::string> classes;  // names; may be empty
    int64_t first_number = 1;          // of the clip's first frame, by its file
    double seconds = 0;                // that the explanation took
    /// Where the page stands beside an answer that is the mean over several views of the clip: how
    /// many, and that mean [classes]. The page itself explains the first of them.
    int64_t views = 1;
    std::vector<double> mean_of_views = {};
};

/// The data of the page; `film` of the same clip.
nlohmann::ordered_json clip_page_data(const Explanation& explanation, const Film& film,
                                      const Config& config, const ClipPageFacts& facts);

/// The whole document.
std::string clip_page(const Explanation& explanation, const Film& film, const Config& config,
                      const ClipPageFacts& facts);

/// What a model of this kind has not, in whole sentences: figures that its page lacks. `frames` are
/// those that it reads of the clip (ClipView::frames).
std::vector<std::string> missing_figures(const Config& config, const std::vector<int64_t>& frames);

/// "17 forward passes, 9 of the head alone, 3 backward": what an explanation took.
std::string passes_text(const Explanation& explanation);

}  // namespace mdn
