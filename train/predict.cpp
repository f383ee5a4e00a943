#include "train/predict.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/file.h"
#include "data/numbered_files.h"
#include "engine/autograd.h"
#include "train/evaluate.h"
#include "train/metrics.h"
#include "train/model_options.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

/// How many files there are, if none is missing among them: what follows a hole would silently not
/// be looked at. `missing` is called with the first frame (from 0) that has none.
template <class Missing>
int64_t count_without_gap(const NumberedFiles& files, const fs::path& folder, Missing&& missing) {
    if (files.has_gap())
        throw Error(missing(files.first_missing - 1) + " is missing, but " + folder.string() +
                    " goes on to number " + std::to_string(files.last));
    return files.last;
}

int64_t count_frames_of(const ClipFiles& clip) {
    return count_without_gap(frame_files(clip.frames), clip.frames,
                             [&](int64_t t) { return clip.frame(t).string(); });
}

int64_t count_keypoints_of(const ClipFiles& clip) {
    if (clip.has_keypoint_table()) return count_keypoints(clip.keypoints);
    return count_without_gap(keypoint_files(clip), clip.keypoints, [&](int64_t t) {
        char name[64], of_video[64];
        std::snprintf(name, sizeof name, "img_%05lld_keypoints.json",
                      static_cast<long long>(t + 1));
        std::snprintf(of_video, sizeof of_video, "_%012lld_keypoints.json",
                      static_cast<long long>(t));
        return (clip.keypoints / name).string() + " (or " + clip.keypoint_stem() + of_video + ")";
    });
}

}  // namespace

std::string class_name(const std::vector<std::string>& names, int64_t c) {
    return c < std::ssize(names) ? names[c] : "class " + std::to_string(c);
}

ClipFiles clip_in_folders(const std::string& frames, const std::string& keypoints) {
    ClipFiles clip{.name = {}, .frames = frames, .keypoints = keypoints, .count = 0};
    if (!frames.empty() && !is_folder(frames)) throw Error("there is no folder " + frames);
    if (!keypoints.empty() && !is_folder(keypoints) && !is_file(keypoints))
        throw Error("there is no folder " + keypoints);
    // The keypoint files of a video are named after the clip.
    const std::string& first = frames.empty() ? keypoints : frames;
    clip.name = fs::absolute(first).lexically_normal().filename().string();
    if (clip.name.empty())
        clip.name = fs::absolute(first).lexically_normal().parent_path().filename().string();
    clip.count = frames.empty() ? count_keypoints_of(clip) : count_frames_of(clip);
    if (clip.count == 0 && !frames.empty())
        throw Error(frames + " holds no frames", "frames are called img_00001.jpg, img_00002.jpg");
    if (clip.count == 0)
        throw Error(keypoints + " holds no keypoints",
                    "the files are called img_00001_keypoints.json or " + clip.name +
                        "_000000000000_keypoints.json");
    return clip;
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
    char line[80];
    std::string text = prediction.clip + "\n";
    if (!prediction.person_visible) text += "nobody is visible in any frame\n";
    for (int64_t c : top_classes(prediction.probabilities, top)) {
        std::snprintf(line, sizeof line, "%7.2f %%  ", 100 * prediction.probabilities[c]);
        text += line + class_name(names, c) + "\n";
    }
    if (!prediction.alpha.empty()) text += "routing      ST     TS\n";
    for (size_t k = 0; k < prediction.alpha.size(); ++k) {
        std::snprintf(line, sizeof line, "%-10s  %.3f  %.3f\n", entities[k].c_str(),
                      prediction.alpha[k].first, prediction.alpha[k].second);
        text += line;
    }
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
