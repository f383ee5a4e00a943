#include "train/predict.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/file.h"
#include "data/formats/numbered_files.h"
#include "data/keypoints/light_hand.h"
#include "engine/autograd.h"
#include "train/evaluate.h"
#include "train/load_model.h"
#include "train/metrics.h"
#include "train/output/format.h"

namespace mdn {

std::string class_name(const std::vector<std::string>& names, int64_t c) {
    return c < std::ssize(names) ? names[c] : "class " + std::to_string(c);
}

ClipFiles clip_in_folders(const std::string& frames, const std::string& keypoints,
                          const DatasetOptions& options) {
    ClipFiles clip{.name = {}, .frames = frames, .keypoints = keypoints, .count = 0};
    if (!frames.empty() && !is_folder(frames))
        throw Error("--frames " + frames + ": there is no such folder");
    if (!keypoints.empty() && !is_folder(keypoints) && !is_file(keypoints))
        throw Error("--keypoints " + keypoints + ": there is no such folder or file");
    // The keypoint files of a video are named after the clip.
    clip.name = clip.video_stems().front();
    if (frames.empty() && clip.has_keypoint_table()) {
        clip.count = light_hand_rows(clip.keypoints);
        return clip;
    }
    ListedClip listed{.files = clip, .label = unlabelled, .where = clip.name};
    complete_clip(listed, {.frames = !frames.empty(), .keypoints = !keypoints.empty()}, options);
    return listed.files;
}

Prediction predict(MicroDualNet& model, const ClipFiles& files, const ClipOptions& options) {
    const NoGrad no_grad;
    const Clip clip = read_clip(files, options);
    const Device device = model.parameters().device();
    const Outputs outputs = model.forward(on_device(model_inputs(clip.tensors), device), Tensor());
    ViewAverage mean =
        average_views(on_device(outputs.logits, Device::cpu), on_device(outputs.alpha, Device::cpu),
                      0, options.views(), files.name);
    return {.clip = files.name,
            .person_visible = clip.person_visible,
            .probabilities = std::move(mean.probabilities),
            .alpha = std::move(mean.alpha)};
}

std::string prediction_text(const Prediction& prediction, const std::vector<std::string>& names,
                            const std::vector<std::string>& entities, int64_t top) {
    std::string text = prediction.clip + "\n";
    if (!prediction.person_visible) text += "nobody is visible in any frame\n";
    for (int64_t c : top_classes(prediction.probabilities, top))
        text +=
            format("%7.2f %%  ", 100 * prediction.probabilities[c]) + class_name(names, c) + "\n";
    if (!prediction.alpha.empty()) text += "routing      ST     TS\n";
    for (size_t k = 0; k < prediction.alpha.size(); ++k)
        text += format("%-10s  %.3f  %.3f\n", entities[k].c_str(), prediction.alpha[k].first,
                       prediction.alpha[k].second);
    return text;
}

std::string prediction_json(const Prediction& prediction, const std::vector<std::string>& names,
                            const std::vector<std::string>& entities, int64_t top) {
    using Json = nlohmann::ordered_json;
    Json root = {{"clip", prediction.clip},
                 {"person_visible", prediction.person_visible},
                 {"top", Json::array()}};
    for (int64_t c : top_classes(prediction.probabilities, top))
        root["top"].push_back({{"class", c},
                               {"name", class_name(names, c)},
                               {"probability", prediction.probabilities[c]}});
    for (size_t k = 0; k < prediction.alpha.size(); ++k)
        root["alpha"][entities[k]] = {{"st", prediction.alpha[k].first},
                                      {"ts", prediction.alpha[k].second}};
    // A folder's name may be any bytes; JSON must be UTF-8.
    return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mdn
