// Which clips of an evaluation a report shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/metrics.h"

namespace mdn {

struct ChosenClip {
    int64_t index;      // in the predictions
    std::string group;  // "mistake", "unsure" or "right"
};

/// Positions of the wrongly answered clips, the surest of the wrong class first; at most `most`.
std::vector<int64_t> surest_mistakes(const std::vector<ClipPrediction>& predictions, int64_t most);

/// At most `each` of a group, no clip twice, in turn: the surest mistakes; the clips whose two best
/// classes lie closest; and the surest right clips, of classes that are spread over the list. The
/// most important come first. Equal clips are taken in the order of the list.
std::vector<ChosenClip> choose_clips(const std::vector<ClipPrediction>& predictions, int64_t each);

}  // namespace mdn
