// What a model says about one clip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/dataset.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// How a list or a recording is gone through.
struct BatchReading {
    int64_t batch;    // clips at a time
    int64_t workers;  // threads that decode frames
    bool record;      // forward passes, on a device that can
};

struct Prediction {
    std::string clip;
    bool person_visible = false;
    std::vector<double> probabilities;             // [C]
    std::vector<std::pair<double, double>> alpha;  // [K], (ST, TS); empty without two paths
};

/// The files of a clip that is in no list: a folder of numbered frames and, unless empty, a folder
/// of keypoint files; or, with `frames` empty, keypoint files alone. Throws Error if there are
/// none, or one is missing among the numbers of those that are counted, and as complete_clip does.
ClipFiles clip_in_folders(const std::string& frames, const std::string& keypoints,
                          const DatasetOptions& options = {});

/// Reads the clip as `options` (clip_options() of the model) say and averages over its views.
/// Throws Error for unreadable files and logits that are not finite.
Prediction predict(MicroDualNet& model, const ClipFiles& clip, const ClipOptions& options);

/// Of class c; "class 7" where there are no names.
std::string class_name(const std::vector<std::string>& names, int64_t c);

/// The `top` best classes with their probabilities, then the routing weights. `names` may be empty:
/// classes are then called by their index.
std::string prediction_text(const Prediction& prediction, const std::vector<std::string>& names,
                            const std::vector<std::string>& entities, int64_t top);
std::string prediction_json(const Prediction& prediction, const std::vector<std::string>& names,
                            const std::vector<std::string>& entities, int64_t top);

}  // namespace mdn
