#include "train/page/clip_data.h"

#include <algorithm>
#include <cmath>

#include "data/images/jpeg_writer.h"
#include "train/metrics.h"
#include "train/page/page.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// Which of `count` frames are shown.
std::vector<int64_t> shown_frames(int64_t count, int64_t most) {
    std::vector<int64_t> shown;
    const int64_t wanted = std::min(count, most);
    for (int64_t i = 0; i < wanted; ++i) shown.push_back((2 * i + 1) * count / (2 * wanted));
    return shown;
}

double tenth(double x) { return std::round(10 * x) / 10; }
double thousandth(double x) { return std::round(1000 * x) / 1000; }

/// The mean over heads of one sequence's weights [heads,L,L], in per mille; `tokens`: of the rows
/// and columns, those that are kept.
Json mean_over_heads(const float* weights, int64_t heads, int64_t length,
                     const std::vector<int64_t>& tokens) {
    Json map = Json::array();
    for (const int64_t i : tokens)
        for (const int64_t j : tokens) {
            double sum = 0;
            for (int64_t h = 0; h < heads; ++h) sum += weights[(h * length + i) * length + j];
            map.push_back(std::lround(1000 * sum / static_cast<double>(heads)));
        }
    return map;
}

/// weights [1,S,heads,L,L] → [sequence][L·L], of the frames that are shown.
Json layer_json(const Tensor& weights, bool spatial, const std::vector<int64_t>& frames) {
    const int64_t sequences = weights.dim(1), heads = weights.dim(2), length = weights.dim(3);
    const auto all = [](int64_t count) { return shown_frames(count, count); };
    Json layer = Json::array();
    for (const int64_t s : spatial ? frames : all(sequences))
        layer.push_back(mean_over_heads(weights.data<float>() + s * heads * length * length, heads,
                                        length, spatial ? all(length) : frames));
    return layer;
}

}  // namespace

Image reduced(const Image& picture, int64_t side) {
    const int64_t larger = std::max(picture.width, picture.height);
    if (larger <= side) return picture;
    const int64_t width = std::max<int64_t>(1, picture.width * side / larger);
    const int64_t height = std::max<int64_t>(1, picture.height * side / larger);
    Image result{width, height, {}};
    for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
            const int64_t y0 = y * picture.height / height, y1 = (y + 1) * picture.height / height;
            const int64_t x0 = x * picture.width / width, x1 = (x + 1) * picture.width / width;
            for (int64_t channel = 0; channel < 3; ++channel) {
                int64_t sum = 0;
                for (int64_t v = y0; v < y1; ++v)
                    for (int64_t u = x0; u < x1; ++u)
                        sum += picture.pixels[(v * picture.width + u) * 3 + channel];
                const int64_t count = (y1 - y0) * (x1 - x0);
                result.pixels.push_back(static_cast<uint8_t>((sum + count / 2) / count));
            }
        }
    return result;
}

Json clip_json(const std::string& name, const Inspection& clip, int64_t side,
               const ClipDataOptions& options) {
    const std::vector<int64_t> frames =
        shown_frames(std::ssize(clip.view.frames), options.most_frames);
    Json json = {{"name", name}, {"side", side}};
    for (const char* list : {"frames", "pictures", "boxes", "joints", "alpha", "top"})
        json[list] = Json::array();
    for (const int64_t t : frames) {
        json["frames"].push_back(clip.view.frames[t]);
        if (!clip.pictures.empty())
            json["pictures"].push_back(jpeg_uri(
                jpeg_bytes(reduced(clip.pictures[t], options.picture_side), options.quality)));
        if (!clip.boxes.empty()) {
            Json boxes = Json::array();
            for (const Box& box : clip.boxes[t])
                boxes.push_back({tenth(box.x1), tenth(box.y1), tenth(box.x2), tenth(box.y2)});
            json["boxes"].push_back(std::move(boxes));
        }
        Json joints;
        if (const std::optional<Pose>& pose = clip.view.joints[t])
            for (const Joint& joint : *pose)
                joints.push_back(joint.valid() ? Json{tenth(joint.x), tenth(joint.y)} : Json());
        json["joints"].push_back(std::move(joints));
    }
    for (const double alpha : clip.alpha_st) json["alpha"].push_back(thousandth(alpha));
    for (const int64_t c : top_classes(clip.probabilities, 5))
        json["top"].push_back({c, thousandth(clip.probabilities[c])});
    json["attention"] = Json::object();
    for (const auto& [transformer, layers] : clip.attention)
        for (const Tensor& weights : layers)
            json["attention"][transformer].push_back(
                layer_json(weights, transformer.ends_with("spatial"), frames));
    return json;
}

}  // namespace mdn
