#include "train/report/evaluation_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "data/file.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/crc32.h"
#include "engine/kernels.h"
#include "engine/threads.h"
#include "train/checkpoints/checkpoint.h"
#include "train/inspection.h"
#include "train/output/evaluation_output.h"
#include "train/page/clip_data.h"
#include "train/report/chosen_clips.h"
#include "train/report/confusions.h"
#include "train/report/rates.h"
#include "train/version.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t most_mistakes = 12, clips_of_each_group = 4;

bool is_of_training(const Json& data) {
    return data.is_object() && data.contains("origin") && data["origin"].is_object() &&
           data["origin"].contains("command") && data["origin"]["command"] == "train";
}

/// To as many digits as a page shows: the file is a third as long.
double rounded(double x, double steps = 1000) { return std::round(x * steps) / steps; }

/// Of the machine; "unknown" where the system does not say.
std::string processor_name() {
    std::ifstream lines("/proc/cpuinfo");
    for (std::string line; std::getline(lines, line);)
        if (const size_t colon = line.find(": ");
            line.starts_with("model name") && colon != std::string::npos)
            return line.substr(colon + 2);
    return "unknown";
}

Json origin_json(const EvaluationOrigin& origin, const MicroDualNet& model) {
    const Device device = model.parameters().device();
    std::string program = version_text();
    program = program.substr(0, program.find("\nCUDA:"));
    Json json = {{"command", origin.command},
                 {"data", origin.data},
                 {"split", origin.split},
                 {"weights", origin.weights},
                 {"seconds", rounded(origin.seconds)}};
    if (origin.epoch > 0) json["epoch"] = origin.epoch;
    if (!origin.step.empty()) json["step"] = origin.step;
    json["views"] = {{"clips", origin.clips}, {"crops", origin.crops}};
    json["not_as_trained"] = origin.not_as_trained;
    json["program"] = program;
    json["processor"] = processor_name();
    json["threads"] = threads();
    json["device"] = device == Device::cpu ? "cpu" : kernels(device).device_name();
    json["settings"] = origin.settings;
    return json;
}

/// What both paths with the router, and each alone, get right.
Json paths_json(const std::vector<ClipPrediction>& predictions, const Metrics& metrics) {
    if (predictions.front().st_alone < 0) return nullptr;
    std::vector<std::array<bool, 3>> right;
    std::vector<std::array<int64_t, 2>> of_class(metrics.classes.size());
    for (const ClipPrediction& clip : predictions) {
        right.push_back({top_classes(clip.probabilities, 1)[0] == clip.label,
                         clip.st_alone == clip.label, clip.ts_alone == clip.label});
        for (size_t path : {0, 1}) of_class[clip.label][path] += right.back()[path + 1];
    }
    const auto top1 = [&](const std::vector<int64_t>& times) {
        std::vector<double> rates(3);
        int64_t clips = 0;
        for (size_t i = 0; i < right.size(); ++i) {
            for (size_t way = 0; way < 3; ++way)
                rates[way] += static_cast<double>(right[i][way] ? times[i] : 0);
            clips += times[i];
        }
        for (double& rate : rates) rate *= 100 / static_cast<double>(clips);
        return rates;
    };
    const std::vector<double> values = top1(std::vector<int64_t>(right.size(), 1));
    const std::vector<Interval> intervals = bootstrap(std::ssize(right), top1);
    Json json = {{"top1", Json::array()}, {"classes", Json::array()}};
    const char* const ways[] = {"both, by the router", "ST alone", "TS alone"};
    for (size_t way = 0; way < 3; ++way) {
        const Interval interval = share_interval(intervals[way], values[way], std::ssize(right));
        json["top1"].push_back({{"name", ways[way]},
                                {"value", rounded(values[way])},
                                {"low", rounded(interval.low)},
                                {"high", rounded(interval.high)}});
    }
    for (size_t c = 0; c < of_class.size(); ++c) {
        const int64_t clips = metrics.classes[c].clips;
        json["classes"].push_back(clips == 0
                                      ? Json()
                                      : Json{{"st", rounded(percent(of_class[c][0], clips))},
                                             {"ts", rounded(percent(of_class[c][1], clips))}});
    }
    return json;
}

/// Mean and deviation of values; with `quantiles` those at 5, 25, 50, 75 and 95 %.
Json spread(std::vector<double> values, bool quantiles) {
    double mean = 0, square = 0;
    for (const double x : values) mean += x / static_cast<double>(values.size());
    for (const double x : values) square += (x - mean) * (x - mean);
    Json json = {{"mean", rounded(mean)},
                 {"deviation", rounded(std::sqrt(square / static_cast<double>(values.size())))}};
    if (!quantiles) return json;
    std::sort(values.begin(), values.end());
    json["quantiles"] = Json::array();
    for (const double share : {0.05, 0.25, 0.5, 0.75, 0.95}) {
        const double place = share * static_cast<double>(values.size() - 1);
        const auto below = static_cast<size_t>(place);
        const size_t above = std::min(below + 1, values.size() - 1);
        json["quantiles"].push_back(rounded(values[below] + (place - static_cast<double>(below)) *
                                                                (values[above] - values[below])));
    }
    return json;
}

/// null without a router: α is then a constant, and nobody chose it.
Json routing_json(const std::vector<ClipPrediction>& predictions, const Metrics& metrics,
                  bool routed) {
    if (metrics.alpha_st.empty() || !routed) return nullptr;
    std::vector<std::vector<size_t>> clips_of(metrics.classes.size());
    std::vector<size_t> all;
    for (size_t i = 0; i < predictions.size(); ++i) {
        clips_of[predictions[i].label].push_back(i);
        all.push_back(i);
    }
    // One object per entity, over these clips.
    const auto of_entities = [&](const std::vector<size_t>& clips, bool quantiles) {
        Json row = Json::array();
        for (size_t k = 0; k < metrics.alpha_st.size(); ++k) {
            std::vector<double> alpha;
            for (const size_t i : clips) alpha.push_back(predictions[i].alpha_st[k]);
            row.push_back(spread(std::move(alpha), quantiles));
        }
        return row;
    };
    Json json = {{"entities", of_entities(all, true)}, {"classes", Json::array()}};
    for (const std::vector<size_t>& clips : clips_of)
        json["classes"].push_back(clips.empty() ? Json() : of_entities(clips, false));
    return json;
}

Json mistakes_json(const std::vector<ClipPrediction>& predictions) {
    Json list = Json::array();
    for (const int64_t i : surest_mistakes(predictions, most_mistakes)) {
        const ClipPrediction& clip = predictions[i];
        const int64_t given = top_classes(clip.probabilities, 1).front();
        list.push_back({{"clip", clip.clip},
                        {"truth", clip.label},
                        {"predicted", given},
                        {"given", rounded(clip.probabilities[given])},
                        {"right", rounded(clip.probabilities[clip.label])}});
    }
    return list;
}

Json answers_json(const std::vector<ClipPrediction>& predictions) {
    Json truth = Json::array(), predicted = Json::array();
    std::vector<std::pair<std::string, int64_t>> list;
    for (const ClipPrediction& clip : predictions) {
        truth.push_back(clip.label);
        predicted.push_back(top_classes(clip.probabilities, 1).front());
        list.emplace_back(clip.clip, clip.label);
    }
    return {{"clips", clips_digest(list)}, {"truth", truth}, {"predicted", predicted}};
}

}  // namespace

Json rates_json(const std::vector<Answer>& answers, int64_t classes, const RateOptions& options) {
    Json list = Json::array();
    for (const Rate& rate : rates_with_intervals(answers, classes, options))
        list.push_back({{"name", rate.name},
                        {"value", rounded(rate.value)},
                        {"low", rounded(rate.interval.low)},
                        {"high", rounded(rate.interval.high)},
                        {"chance", rate.chance ? Json(rounded(*rate.chance)) : Json()},
                        {"frequent", rounded(rate.frequent)}});
    return list;
}

Json recall_intervals_json(const std::vector<std::pair<int64_t, int64_t>>& correct_of_clips) {
    Json list = Json::array();
    for (const auto& [correct, clips] : correct_of_clips) {
        const Interval interval = wilson_interval(correct, clips);
        list.push_back(clips > 0 ? Json{rounded(interval.low), rounded(interval.high)} : Json());
    }
    return list;
}

Json confusions_json(const std::vector<Confusion>& confusions, const ClassNames& names) {
    Json list = Json::array();
    for (const Confusion& c : confusions)
        list.push_back({{"truth", c.truth},
                        {"predicted", c.predicted},
                        {"clips", c.clips},
                        {"of", c.of},
                        {"back", c.back},
                        {"text", confusion_text(c, names)}});
    return list;
}

Json evaluation_data(const Evaluation& evaluation, const Metrics& metrics, const ClassNames& names,
                     const MicroDualNet& model, const EvaluationOrigin& origin) {
    const std::vector<ClipPrediction>& predictions = evaluation.predictions;
    const Config& config = model.config();
    std::vector<std::pair<int64_t, int64_t>> recall;
    for (const ClassMetrics& c : metrics.classes) recall.emplace_back(c.correct, c.clips);
    std::vector<Confusion> confusions = largest_confusions(metrics.confusion, most_confusions);
    add_evidence(confusions, predictions);
    return {
        {"format", evaluation_data_format},
        {"origin", origin_json(origin, model)},
        {"config", Json::parse(to_json(config))},
        {"entities", config.has_entities() ? Json(config.entities) : Json::array()},
        {"without_person", evaluation.without_person},
        {"rates", Json::parse(metrics_json(metrics, config.entities))},
        {"metrics", rates_json(answers_of(predictions), names.count(), {.body_of = names.body_of})},
        {"recall_intervals", recall_intervals_json(recall)},
        {"paths", paths_json(predictions, metrics)},
        {"routing", routing_json(predictions, metrics, config.has_router())},
        {"confusions", confusions_json(confusions, names)},
        {"mistakes", mistakes_json(predictions)},
        {"answers", answers_json(predictions)},
        {"clips", Json::array()}};
}

void add_clips(Json& data, const Evaluation& evaluation, MicroDualNet& model, const Loader& loader,
               int64_t most_bytes) {
    using Handler = Json::error_handler_t;
    const auto bytes_of = [](const Json& json) {
        return std::ssize(json.dump(-1, ' ', false, Handler::replace));
    };
    int64_t bytes = bytes_of(data);
    for (const ChosenClip& chosen : choose_clips(evaluation.predictions, clips_of_each_group)) {
        const ClipPrediction& clip = evaluation.predictions[chosen.index];
        const Inspection seen =
            inspect(model, loader.clips()[chosen.index].files, loader.options());
        Json json = clip_json(clip.clip, seen, model.config().size);
        json["group"] = chosen.group;
        json["label"] = clip.label;
        // Of all views, as in the evaluation; inspected is the first.
        const std::vector<int64_t> top = top_classes(clip.probabilities, 5);
        json["predicted"] = top.front();
        json["top"] = Json::array();
        for (const int64_t c : top) json["top"].push_back({c, rounded(clip.probabilities[c])});
        bytes += bytes_of(json) + 1;
        if (bytes > most_bytes) return;
        data["clips"].push_back(std::move(json));
    }
}

std::string clips_digest(const std::vector<std::pair<std::string, int64_t>>& names_and_labels) {
    std::string list;
    for (const auto& [name, label] : names_and_labels)
        list.append(name).append("\n").append(std::to_string(label)).append("\n");
    return std::to_string(names_and_labels.size()) + "-" + std::to_string(crc32(list));
}

std::map<std::string, std::string> run_settings(
    const std::map<std::string, std::string>& metadata) {
    std::map<std::string, std::string> settings;
    for (const auto& [name, value] : metadata)
        if (name != metadata_config && name != metadata_classes && !name.starts_with("position."))
            settings.emplace(name, value);
    return settings;
}

Json training_of(const Json& data) {
    if (is_of_training(data))
        return {{"origin", data["origin"]}, {"config", data.value("config", Json())}};
    if (!data.is_object() || !data.contains("training")) return nullptr;
    const Json& kept = data["training"];
    return is_of_training(kept) ? kept : Json();
}

std::string report_data_folder(const std::string& folder) { return folder + "/report_data"; }
std::string report_data_file(const std::string& folder, const std::string& name) {
    return report_data_folder(folder) + "/" + name + ".json";
}

void check_report_data(const std::string& folder) {
    const std::string inside = report_data_folder(folder);
    std::error_code missing;
    if (!std::filesystem::exists(inside, missing)) return;  // made beside the file, if that can be
    if (!is_folder(inside))
        throw Error(inside + ", where a report finds what it shows, is no folder",
                    "move it, or write --json-file into another folder");
    check_writable(inside + "/x.json");
}

void write_report_data(const std::string& folder, const std::string& name, const Json& data) {
    std::error_code failure;
    const std::string inside = report_data_folder(folder);
    std::filesystem::create_directories(inside, failure);
    if (failure) throw Error("cannot make the folder " + inside + ": " + failure.message());
    const std::string file = report_data_file(folder, name);
    Json written = data;
    // An evaluation may take the place of the training's own.
    if (is_file(file) && !is_of_training(data))
        if (Json training = training_of(Json::parse(read_file(file), nullptr, false));
            !training.is_null())
            written["training"] = std::move(training);
    write_file(file, written.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace mdn
