// One clip explained: what the model sees of it, where it looks, and what its answer rests on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/clip.h"
#include "model/micro_dualnet.h"
#include "train/explain/occlusion.h"
#include "train/inspection.h"

namespace mdn {

/// What the model says of the clip with something taken away.
struct OccludedAnswer {
    Occlusion occlusion;
    std::vector<double> probabilities;  // [classes]
};

/// grad_cam() of one class.
struct ClassMap {
    int64_t cls;
    std::vector<double> map;  // [T,H,W]
};

/// T frames, K entities, feature map of H×W cells. What a variant does not have is empty.
struct Explanation {
    Inspection clip;
    int64_t label = unlabelled;
    int64_t height = 0, width = 0;           // H, W; 0 without frames
    std::vector<std::vector<bool>> visible;  // [T][K]: the entity's own joints place its box
    std::vector<double> cells;               // [T,K,H,W]: cells_read()
    std::vector<ClassMap> class_maps;        // of the three likeliest classes and the true one
    std::vector<double> st_alone, ts_alone;  // probabilities if every entity took one path alone
    std::vector<double> similarity;          // [K,K]: mac_similarity(), rows ST and columns TS
    double mac_loss = 0;                     // of this clip alone, as far as there are two paths
    std::vector<OccludedAnswer> occlusions;  // of all of occlusions_for()
    int64_t passes = 0;                      // through the whole model
    int64_t head_passes = 0;                 // from the features on
    int64_t backward_passes = 0;             // through the head
};

/// Reads the clip as evaluation does (its first view) and passes it through the model again and
/// again: at most 17 times, whatever the model. `label` may be `unlabelled`. `progress`, where
/// given, is told the passes done and all there are. Throws as inspect() does.
Explanation explain(MicroDualNet& model, const ClipFiles& clip, const ClipOptions& options,
                    int64_t label, const std::function<void(int64_t, int64_t)>& progress = {});

/// A frame of the clip (from 0), S×S, as the network is shown those that it reads.
Image frame_as_seen(const ClipFiles& clip, int64_t frame, const ClipOptions& options);

/// Frames of the clip between those that the model sees, so that its motion can be watched.
struct Film {
    int64_t count = 0;                        // frames of the clip
    std::vector<int64_t> frames;              // of the clip, from 0, in order
    std::vector<int64_t> nearest;             // of each, the nearest of the T that the model sees
    std::vector<std::optional<Pose>> joints;  // in pixels of S×S, as in ClipView
    std::vector<Image> pictures;              // S×S; empty in modality pose
};

/// As many as a page shows.
constexpr int64_t most_film_frames = 64;

/// All of `seen` (frames of the clip that the model sees, in order), and evenly spaced others as
/// long as there are no more than `most`.
Film film_of(const ClipFiles& clip, const ClipOptions& options, const std::vector<int64_t>& seen,
             int64_t most);

}  // namespace mdn
