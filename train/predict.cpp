#include "train/predict.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/file.h"
#include "engine/autograd.h"
#include "train/evaluate.h"
#include "train/metrics.h"
#include "train/model_options.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

/// The largest number among img_00001.jpg, … of a folder.
int64_t last_frame(const std::string& folder) {
    int64_t last = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        long long number = 0;
        int length = 0;
        if (std::sscanf(name.c_str(), "img_%lld.jpg%n", &number, &length) == 1 &&
            static_cast<size_t>(length) == name.size())
            last = std::max<int64_t>(last, number);
    }
    return last;
}

}  // namespace

std::string class_name(const std::vector<std::string>& names, int64_t c) {
    return c < std::ssize(names) ? names[c] : "class " + std::to_string(c);
}

ClipFiles clip_in_folders(const std::string& frames, const std::string& keypoints) {
    ClipFiles clip{.name = {}, .frames = frames, .keypoints = keypoints, .count = 0};
    if (!frames.empty() && !fs::is_directory(frames)) throw Error("there is no folder " + frames);
    if (!keypoints.empty() && !fs::is_directory(keypoints) && !is_file(keypoints))
        throw Error("there is no folder " + keypoints);
    // The keypoint files of a video are named after the clip.
    const std::string& first = frames.empty() ? keypoints : frames;
    clip.name = fs::absolute(first).lexically_normal().filename().string();
    if (clip.name.empty())
        clip.name = fs::absolute(first).lexically_normal().parent_path().filename().string();
    clip.count = frames.empty() ? count_keypoints(keypoints) : count_frames(frames);
    if (clip.count == 0 && !frames.empty())
        throw Error(frames + " holds no frames", "frames are called img_00001.jpg, img_00002.jpg");
    if (clip.count == 0)
        throw Error(keypoints + " holds no keypoints",
                    "the files are called img_00001_keypoints.json or " + clip.name +
                        "_000000000000_keypoints.json");
    if (frames.empty()) return clip;
    if (const int64_t last = last_frame(frames); last > clip.count)
        throw Error(clip.frame(clip.count).string() + " is missing, but the folder goes on to " +
                    clip.frame(last - 1).filename().string());
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
