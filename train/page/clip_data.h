// A clip as clip_view.js draws it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/inspection.h"

namespace mdn {

struct ClipDataOptions {
    int64_t picture_side = 112;  // pixels; larger pictures are reduced
    int64_t quality = 75;        // of JPEG
    /// Frames that are shown; of a clip with more, this many are, evenly spaced.
    int64_t most_frames = 16;
};

/// {name, side: S, frames: [numbers in the clip, from 0], pictures: ["data:…"],
///  boxes: [t][k][x1,y1,x2,y2], joints: [t][25][x,y] (null: not seen), alpha: [k],
///  top: [[class, probability], …] (the five best),
///  attention: {"st.spatial": [layer][sequence][L·L]}} — per mille, the mean over heads. Spatial-T
/// has a sequence per frame that is shown, Temporal-T one per entity. Positions are in pixels of
/// S×S, whatever the size of the pictures. What the model does not have is empty.
nlohmann::ordered_json clip_json(const std::string& name, const Inspection& clip, int64_t side,
                                 const ClipDataOptions& options = {});

/// `picture` reduced to at most `side` pixels wide and high, each the mean of what it covers.
Image reduced(const Image& picture, int64_t side);

}  // namespace mdn
