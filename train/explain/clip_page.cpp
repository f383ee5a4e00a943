#include "train/explain/clip_page.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "data/images/jpeg_writer.h"
#include "engine/threads.h"
#include "train/metrics.h"
#include "train/page/clip_data.h"
#include "train/page/page.h"
#include "train/predict.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// Pictures on this page are shown larger than thumbnails, and are as large as the network's input
/// up to this many pixels.
constexpr int64_t picture_side = 224;

double rounded(double x) { return std::round(1e4 * x) / 1e4; }

/// The classes that the page speaks of: the likeliest five, the true one, what any occlusion makes
/// the likeliest, and the likeliest over all views.
std::vector<int64_t> classes_shown(const Explanation& explanation,
                                   const std::vector<double>& mean_of_views) {
    std::vector<int64_t> shown = top_classes(explanation.clip.probabilities, 5);
    const auto add = [&](int64_t cls) {
        if (std::find(shown.begin(), shown.end(), cls) == shown.end()) shown.push_back(cls);
    };
    if (explanation.label != unlabelled) add(explanation.label);
    for (const ClassMap& map : explanation.class_maps) add(map.cls);
    for (const OccludedAnswer& answer : explanation.occlusions)
        add(top_classes(answer.probabilities, 1)[0]);
    if (!mean_of_views.empty()) add(top_classes(mean_of_views, 1)[0]);
    return shown;
}

Json of_classes(const std::vector<double>& probabilities, const std::vector<int64_t>& classes) {
    Json values = Json::array();
    if (!probabilities.empty())
        for (const int64_t c : classes) values.push_back(rounded(probabilities[c]));
    return values;
}

/// numbers [rows, length] as an array of arrays, in per mille of `whole`.
Json per_mille(const std::vector<double>& numbers, size_t length, double whole) {
    Json rows = Json::array();
    for (size_t i = 0; i < numbers.size(); ++i) {
        if (i % length == 0) rows.push_back(Json::array());
        rows.back().push_back(whole > 0 ? std::lround(1000 * numbers[i] / whole) : 0);
    }
    return rows;
}

const char* name_of(Occlusion::Kind kind) {
    switch (kind) {
        case Occlusion::Kind::covered:
            return "covered";
        case Occlusion::Kind::unseen:
            return "unseen";
        case Occlusion::Kind::dropped:
            return "dropped";
        case Occlusion::Kind::still:
            return "still";
        case Occlusion::Kind::backwards:
            return "backwards";
    }
    return "";
}

Json joints_json(const std::optional<Pose>& pose) {
    Json joints;
    const auto tenth = [](double x) { return std::round(10 * x) / 10; };
    if (pose)
        for (const Joint& joint : *pose)
            joints.push_back(joint.valid() ? Json{tenth(joint.x), tenth(joint.y)} : Json());
    return joints;
}

/// {count: frames of the clip, frames: [numbers], nearest: [t], pictures: ["data:…"], joints}
Json film_json(const Film& film, int64_t offset) {
    Json json = {{"count", film.count}, {"frames", Json::array()}, {"nearest", film.nearest}};
    json["joints"] = Json::array();
    for (const int64_t frame : film.frames) json["frames"].push_back(frame + offset);
    std::vector<std::string> pictures(film.pictures.size());
    run_shares(std::ssize(pictures), [&](int64_t i) {
        pictures[i] = jpeg_uri(jpeg_bytes(reduced(film.pictures[i], picture_side), 75));
    });
    json["pictures"] = pictures;
    for (const std::optional<Pose>& pose : film.joints) json["joints"].push_back(joints_json(pose));
    return json;
}

/// s of the clip's entities, and for how many the positive is the largest of its row and column.
Json similarity_json(const Explanation& explanation, size_t entities) {
    const std::vector<double>& s = explanation.similarity;
    Json json = {{"cosines", Json::array()}, {"loss", rounded(explanation.mac_loss)}};
    int64_t rows = 0, columns = 0;
    for (size_t i = 0; i < entities; ++i) {
        bool largest_of_row = true, largest_of_column = true;
        for (size_t j = 0; j < entities; ++j) {
            json["cosines"].push_back(rounded(s[i * entities + j]));
            largest_of_row &= s[i * entities + j] <= s[i * entities + i];
            largest_of_column &= s[j * entities + i] <= s[i * entities + i];
        }
        rows += largest_of_row;
        columns += largest_of_column;
    }
    json["rows_right"] = rows;
    json["columns_right"] = columns;
    return json;
}

Json occlusions_json(const Explanation& explanation, const std::vector<int64_t>& classes,
                     int64_t offset) {
    Json list = Json::array();
    for (const auto& [occlusion, probabilities] : explanation.occlusions) {
        Json one = {{"kind", name_of(occlusion.kind)}};
        if (occlusion.entity >= 0) one["entity"] = occlusion.entity;
        if (occlusion.first >= 0) {
            one["t"] = {occlusion.first, occlusion.last};
            one["frames"] = {explanation.clip.view.frames[occlusion.first] + offset,
                             explanation.clip.view.frames[occlusion.last] + offset};
        }
        one["probabilities"] = of_classes(probabilities, classes);
        const int64_t likeliest = top_classes(probabilities, 1)[0];
        one["likeliest"] = std::find(classes.begin(), classes.end(), likeliest) - classes.begin();
        list.push_back(std::move(one));
    }
    return list;
}

}  // namespace

std::vector<std::string> missing_figures(const Config& config, const std::vector<int64_t>& frames) {
    std::vector<std::string> missing;
    if (!config.has_frames())
        missing.push_back(
            "Grad-CAM, the cells that a box reads, and covered body parts: this model reads joints "
            "alone, and has no pictures and no feature map.");
    if (!config.has_entities())
        missing.push_back(
            "Boxes, attention, routing, the MAC similarity and body parts taken away: this model "
            "has no body parts (regions none), only the picture as a whole.");
    if (config.regions == Regions::fixed)
        missing.push_back(
            "Joints, and body parts that count as not visible: this model reads no keypoints, and "
            "its boxes are always where they are.");
    if (config.has_entities() && !config.has_both_paths())
        missing.push_back(
            std::string("Routing, each path alone, and the MAC similarity: this model "
                        "has the ") +
            (config.has_st() ? "ST" : "TS") + " path only.");
    if (config.has_both_paths() && !config.has_router())
        missing.push_back(
            "A choice of the router: this model has none, and takes the mean of both paths.");
    if (config.frames == 1)
        missing.push_back("Frames taken away: this model reads one frame of a clip.");
    else if (distinct_frames(frames) == 1)
        missing.push_back("Frames taken away: this clip has one frame, which the model reads " +
                          std::to_string(config.frames) + " times; no other could take its place.");
    return missing;
}

std::string passes_text(const Explanation& explanation) {
    const auto count = [](int64_t n, const std::string& what) {
        return std::to_string(n) + " " + what + (n == 1 ? " pass" : " passes");
    };
    std::string text = count(explanation.passes, "forward");
    if (explanation.head_passes > 0)
        text += ", " + count(explanation.head_passes, "forward") + " of what follows the backbone";
    if (explanation.backward_passes > 0)
        text += ", " + count(explanation.backward_passes, "backward");
    return text;
}

Json clip_page_data(const Explanation& explanation, const Film& film, const Config& config,
                    const ClipPageFacts& facts) {
    const Inspection& clip = explanation.clip;
    // clip_view.js says a frame's number, less one.
    const int64_t offset = facts.first_number - 1;
    const std::vector<int64_t> classes = classes_shown(explanation, facts.mean_of_views);
    Json data;
    data["clip"] = clip_json(facts.clip, clip, config.size,
                             {.picture_side = picture_side, .most_frames = config.frames});
    for (Json& frame : data["clip"]["frames"]) frame = frame.get<int64_t>() + offset;
    data["entities"] = config.has_entities() ? config.entities : std::vector<std::string>();
    data["classes"] = Json::array();
    for (const int64_t c : classes) data["classes"].push_back(class_name(facts.classes, c));
    data["probabilities"] = of_classes(clip.probabilities, classes);
    data["views"] = {{"count", facts.views}, {"mean", of_classes(facts.mean_of_views, classes)}};
    const auto label = std::find(classes.begin(), classes.end(), explanation.label);
    data["label"] = explanation.label == unlabelled ? Json() : Json(label - classes.begin());
    data["person"] = std::any_of(clip.view.joints.begin(), clip.view.joints.end(),
                                 [](const auto& pose) { return pose.has_value(); });
    data["keypoints"] = config.regions == Regions::keypoints;
    data["visible"] = explanation.visible;
    data["alone"] = {{"st", of_classes(explanation.st_alone, classes)},
                     {"ts", of_classes(explanation.ts_alone, classes)}};
    data["router"] = config.has_router();
    const int64_t H = explanation.height, W = explanation.width;
    const auto cells = static_cast<size_t>(std::max<int64_t>(H * W, 1));
    data["map"] = {{"height", H}, {"width", W}};
    // Rows are boxes, frame by frame.
    data["cells"] = per_mille(explanation.cells, cells, 1);
    data["class_maps"] = Json::array();
    for (const ClassMap& one : explanation.class_maps) {
        const double largest = *std::max_element(one.map.begin(), one.map.end());
        data["class_maps"].push_back(
            {{"class", std::find(classes.begin(), classes.end(), one.cls) - classes.begin()},
             {"largest", largest},
             {"frames", per_mille(one.map, cells, largest)}});
    }
    if (!explanation.similarity.empty()) {
        data["similarity"] = similarity_json(explanation, config.entities.size());
        data["similarity"]["trained"] = config.mac_weight > 0;
    }
    data["occlusions"] = occlusions_json(explanation, classes, offset);
    data["film"] = film_json(film, offset);
    data["missing"] = missing_figures(config, clip.view.frames);
    data["facts"] = {{"weights", facts.weights},
                     {"preset", config.preset},
                     {"frames", config.frames},
                     {"size", config.size},
                     {"passes", explanation.passes},
                     {"passes_text", passes_text(explanation)},
                     {"seconds", std::round(10 * facts.seconds) / 10}};
    return data;
}

std::string clip_page(const Explanation& explanation, const Film& film, const Config& config,
                      const ClipPageFacts& facts) {
    return page_html({.title = "Clip " + facts.clip + ", explained",
                      .scripts = {"clip_view.js", "clip.js"},
                      .data = clip_page_data(explanation, film, config, facts),
                      .without_scripts =
                          "microdualnet predict prints the likeliest classes and the "
                          "routing weights of the same clip."});
}

}  // namespace mdn
