#include "train/report/run_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "data/file.h"
#include "engine/error.h"
#include "engine/files/byte_source.h"
#include "engine/files/safetensors.h"
#include "train/checkpoints/checkpoint.h"
#include "train/output/format.h"
#include "train/report/comparison.h"
#include "train/report/evaluation_data.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

const char* const how_to_evaluate =
    "microdualnet eval --json-file FOLDER/test.json writes it again";

Json parse_file(const std::string& path) {
    Json json = Json::parse(read_file(path), nullptr, false);
    if (!json.is_object()) throw Error(path + " is not a JSON object", how_to_evaluate);
    return json;
}

/// The names of the .json files of a folder, without the ending, sorted.
std::vector<std::string> json_names(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure))
        if (entry.path().extension() == ".json" && is_file(entry.path()))
            names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// The best of these names to show; empty of none.
std::string preferred(const std::vector<std::string>& names) {
    for (const char* name : {"test", "val"})
        if (std::find(names.begin(), names.end(), name) != names.end()) return name;
    return names.empty() ? "" : names.front();
}

bool is_number(const Json& object, const char* key) {
    return object.is_object() && object.contains(key) && object[key].is_number();
}

/// A list of `count` entries that `fits` each.
bool is_list(const Json& json, size_t count, const std::function<bool(const Json&)>& fits) {
    return json.is_array() && json.size() == count && std::all_of(json.begin(), json.end(), fits);
}

/// What evaluation_data() writes and this has not, as far as words and tables are made of it; empty
/// if it has all.
std::string damage_of(const Json& data) {
    const auto has = [&](const char* key, bool (Json::*is)() const noexcept) {
        return data.contains(key) && (data[key].*is)();
    };
    for (const char* key : {"origin", "rates"})
        if (!has(key, &Json::is_object)) return std::string("object `") + key + "`";
    for (const char* key :
         {"entities", "metrics", "recall_intervals", "confusions", "mistakes", "clips"})
        if (!has(key, &Json::is_array)) return std::string("list `") + key + "`";
    if (!is_evaluation(data["rates"])) return "evaluation in `rates`";
    const size_t entities = data["entities"].size(), classes = data["rates"]["classes"].size();
    const auto is_rate = [](const Json& rate) {
        return is_number(rate, "value") && is_number(rate, "low") && is_number(rate, "high");
    };
    const Json& metrics = data["metrics"];
    if (metrics.empty() || !is_list(metrics, metrics.size(), is_rate) ||
        !is_number(metrics[0], "chance") || !is_number(metrics[0], "frequent"))
        return "rates with intervals in `metrics`";
    if (!is_list(data["entities"], entities, [](const Json& name) { return name.is_string(); }))
        return "names in `entities`";
    if (!is_list(data["confusions"], data["confusions"].size(), [](const Json& confusion) {
            return confusion.is_object() && confusion.contains("text") &&
                   confusion["text"].is_string();
        }))
        return "text in one of `confusions`";
    const auto of_entities = [&](const Json& row) {
        return is_list(row, entities, [](const Json& alpha) { return is_number(alpha, "mean"); });
    };
    const Json routing = data.contains("routing") ? data["routing"] : Json();
    if (!routing.is_null() && !(routing.is_object() && routing.contains("entities") &&
                                routing.contains("classes") && of_entities(routing["entities"]) &&
                                is_list(routing["classes"], classes, [&](const Json& row) {
                                    return row.is_null() || of_entities(row);
                                })))
        return "mean per entity and class in `routing`";
    const Json paths = data.contains("paths") ? data["paths"] : Json();
    if (!paths.is_null() &&
        !(paths.is_object() && paths.contains("top1") && is_list(paths["top1"], 3, is_rate)))
        return "three rates in `paths`";
    const auto is_text = [](const Json& object, const char* key) {
        return object.contains(key) && object[key].is_string();
    };
    if (!is_text(data["origin"], "command")) return "command in `origin`";
    const Json answers = data.contains("answers") ? data["answers"] : Json();
    const auto is_class = [](const Json& answer) { return answer.is_number_integer(); };
    const auto clips = data["rates"]["clips"].get<size_t>();
    if (!answers.is_object() || !is_text(answers, "clips") || !answers.contains("truth") ||
        !answers.contains("predicted") || !is_list(answers["truth"], clips, is_class) ||
        !is_list(answers["predicted"], clips, is_class))
        return "answer per clip in `answers`";
    return "";
}

/// What follows from metrics_json() alone: every clip's truth and answer are in the matrix.
Json from_metrics(const Json& rates, const std::string& path) {
    check_evaluation(rates, path);
    const auto matrix = rates["confusion"].get<std::vector<std::vector<int64_t>>>();
    constexpr double most_clips = 1e7;
    double clips = 0;
    for (const auto& row : matrix)
        for (const int64_t count : row) clips += static_cast<double>(count);
    if (clips < 1 || clips > most_clips)
        throw Error(path + " holds an evaluation of no clips, or of more than there can be",
                    how_to_evaluate);
    ClassNames names;
    std::vector<std::pair<int64_t, int64_t>> recall;
    std::vector<Answer> answers;
    Json routing_of_classes = Json::array(), entities = Json::array(), routing;
    const auto means = [](const Json& alpha) {
        Json row;
        if (alpha.is_object())
            for (const auto& [entity, mean] : alpha.items()) row.push_back({{"mean", mean}});
        return row;
    };
    for (size_t c = 0; c < matrix.size(); ++c) {
        const Json& of_class = rates["classes"][c];
        names.names.push_back(of_class["name"].get<std::string>());
        recall.emplace_back(of_class["correct"].get<int64_t>(), of_class["clips"].get<int64_t>());
        for (size_t given = 0; given < matrix.size(); ++given)
            answers.insert(answers.end(), static_cast<size_t>(matrix[c][given]),
                           {static_cast<int64_t>(c), static_cast<int64_t>(given)});
        routing_of_classes.push_back(of_class.contains("alpha_st") ? means(of_class["alpha_st"])
                                                                   : Json());
    }
    if (rates.contains("alpha_st") && rates["alpha_st"].is_object()) {
        for (const auto& [entity, mean] : rates["alpha_st"].items()) entities.push_back(entity);
        routing = {{"entities", means(rates["alpha_st"])}, {"classes", routing_of_classes}};
    }
    return {{"format", 0},
            {"origin", Json::object()},
            {"config", nullptr},
            {"entities", entities},
            {"rates", rates},
            {"metrics", rates_json(answers, names.count(), {.top5 = false})},
            {"recall_intervals", recall_intervals_json(recall)},
            {"paths", nullptr},
            {"routing", routing},
            {"confusions", confusions_json(largest_confusions(matrix, most_confusions), names)},
            {"mistakes", Json::array()},
            {"answers", nullptr},
            {"clips", Json::array()}};
}

/// ", no intervals of Top-5 (99.1 %), body Top-1 (87.0 %) and F1mean (84.0 %)": the rates whose
/// intervals do not follow from the confusion matrix.
std::string without_interval(const Json& rates) {
    std::vector<std::string> known;
    const auto add = [&](const char* name, const Json& of, const char* key) {
        if (!is_number(of, key)) return;
        known.push_back(name);
        known.back() += format(" (%.1f %%)", of[key].get<double>());
    };
    if (rates.contains("action")) add("Top-5", rates["action"], "top5");
    if (rates.contains("body")) add("body Top-1", rates["body"], "top1");
    add("F1mean", rates, "f1_mean");
    std::string text;
    for (size_t i = 0; i < known.size(); ++i)
        text.append(i == 0                  ? ", and no interval of "
                    : i + 1 == known.size() ? " or "
                                            : ", ")
            .append(known[i]);
    return text;
}

void read_evaluation(RunData& run, const std::string& wanted) {
    const std::vector<std::string> kept = json_names(report_data_folder(run.folder));
    // Any JSON file may lie in a run's folder: what is no evaluation is passed over.
    std::vector<std::string> plain;
    for (const std::string& name : json_names(run.folder)) {
        const Json json = Json::parse(read_file(run.folder + "/" + name + ".json"), nullptr, false);
        if (name == wanted || is_evaluation(json)) plain.push_back(name);
    }
    const auto has = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::vector<std::string> all = kept;
    all.insert(all.end(), plain.begin(), plain.end());
    run.evaluation_name = wanted.empty() ? preferred(all) : wanted;
    if (run.evaluation_name.empty()) return;
    if (has(kept, run.evaluation_name)) {
        run.evaluation = read_evaluation_data(report_data_file(run.folder, run.evaluation_name));
        return;
    }
    if (!has(plain, run.evaluation_name))
        throw Error(
            "the run in " + run.folder + " has no evaluation called " + wanted,
            "microdualnet eval --json-file " + run.folder + "/" + wanted + ".json writes one");
    const std::string path = run.folder + "/" + run.evaluation_name + ".json";
    run.evaluation = from_metrics(parse_file(path), path);
    run.missing.push_back(
        run.name + ": " + path +
        " has no data beside it in report_data/ (an older program wrote "
        "it, or they were removed). So there are no pictures, no attention maps, no mistakes, "
        "nothing on one path alone, no spread of the routing" +
        without_interval(run.evaluation["rates"]) + ". microdualnet eval --json-file " + path +
        " writes them.");
}

RunData named_run(const std::string& folder) {
    // "runs/full/" is called full as well.
    const fs::path path = fs::absolute(folder).lexically_normal();
    return {.name = (path.has_filename() ? path : path.parent_path()).filename().string(),
            .folder = folder};
}

/// Says where the weights that were evaluated have changed since.
void compare_weights(RunData& run) {
    const Json& origin = run.evaluation["origin"];
    const auto text = [&](const char* key) {
        return origin.contains(key) && origin[key].is_string() ? origin[key].get<std::string>()
                                                               : std::string();
    };
    const std::string step = text("step");
    const fs::path weights = text("weights");
    const std::string file = run.folder + "/" + weights.filename().string();
    // The run may have been moved since, so only its name is compared: not those of another run.
    const std::string of = weights.parent_path().filename().string();
    if (step.empty() || !(of.empty() || of == run.name) || !is_file(file)) return;
    std::string now;
    try {
        now = SafetensorsReader(open_file(file)).metadata().at(metadata_step);
    } catch (const std::exception&) {
        return;  // no checkpoint of a run
    }
    if (now == step) return;
    run.missing.push_back(run.name + ": " + run.evaluation_name + " was evaluated with " + file +
                          " after " + step + " steps; by now it holds the weights after " + now +
                          ". microdualnet eval --json-file " + run.folder + "/" +
                          run.evaluation_name + ".json evaluates these.");
}

/// The log, and what the training kept with its validation.
void read_training(RunData& run) {
    const std::string log = run.folder + "/log.jsonl";
    if (is_file(log))
        run.curves = read_curves(log);
    else
        run.missing.push_back(run.name + ": there is no " + log + ", so there are no curves.");
    for (const std::string& name : json_names(report_data_folder(run.folder))) {
        Json data;
        try {
            data = read_evaluation_data(report_data_file(run.folder, name));
        } catch (const Error& error) {  // not the one that is shown: that one was read before
            run.missing.push_back(run.name + ": passed over: " + error.what());
            continue;
        }
        if (Json training = training_of(data); !training.is_null())
            run.training = std::move(training);
    }
}

}  // namespace

Json read_evaluation_data(const std::string& path) {
    Json data = parse_file(path);
    if (!data.contains("format") || !data["format"].is_number_integer())
        throw Error(path + " is not the data of an evaluation: it has no number `format`",
                    how_to_evaluate);
    if (data["format"].get<int64_t>() > evaluation_data_format)
        throw Error(path + " was written by a later program: its format is " +
                        data["format"].dump() + ", and this program reads up to " +
                        std::to_string(evaluation_data_format),
                    "use that program, or evaluate again with this one");
    if (const std::string wrong = damage_of(data); !wrong.empty())
        throw Error(path + " is damaged: it has no " + wrong, how_to_evaluate);
    return data;
}

RunData read_run(const std::string& folder, const std::string& wanted) {
    if (!is_folder(folder))
        throw Error("there is no folder " + folder, "give the folder of a run (train --out)");
    RunData run = named_run(folder);
    read_evaluation(run, wanted);
    if (!run.evaluation.is_null()) compare_weights(run);
    read_training(run);
    if (!run.evaluation.is_null()) return run;
    if (run.curves.is_null())
        throw Error(folder + " holds no run: it has neither log.jsonl nor an evaluation",
                    "give the folder of a run (train --out)");
    run.missing.push_back(run.name +
                          ": the run has no evaluation, so there are curves only. microdualnet "
                          "eval --json-file " +
                          folder + "/test.json writes one.");
    return run;
}

RunData run_with(const std::string& folder, const std::string& name, const Json& data) {
    RunData run = named_run(folder);
    run.evaluation = data;
    run.evaluation_name = name;
    read_training(run);
    return run;
}

Json read_curves(const std::string& log, int64_t most) {
    std::vector<Json> steps, epochs;
    LineReader reader(log);
    std::string text, bad;
    while (reader.next(text)) {
        if (!bad.empty())
            throw Error(bad + " is not a JSON object", "restore the log as the run wrote it");
        Json json = Json::parse(text, nullptr, false);
        if (!json.is_object()) {
            bad = reader.where();  // an error, unless it is the last line
            continue;
        }
        const std::string kind = json["kind"].is_string() ? json["kind"].get<std::string>() : "";
        if (kind == "step")
            steps.push_back(std::move(json));
        else if (kind == "epoch")
            epochs.push_back(std::move(json));
    }
    const auto number = [](const Json& json, const char* key) -> Json {
        const auto found = json.find(key);
        return found != json.end() && found->is_number() ? *found : Json();
    };
    // Steps per epoch. A log may begin in the middle of a run: where its first epoch ends, the
    // number of the next step says how many steps the epochs before it had. Within one epoch: as
    // many as there are.
    const auto of = [&](const Json& step, const char* key) {
        const Json value = number(step, key);
        return value.is_null() ? 0.0 : value.get<double>();
    };
    double per_epoch = static_cast<double>(std::max<size_t>(steps.size(), 1));
    for (size_t i = 1; i < steps.size(); ++i)
        if (of(steps[i], "epoch") > of(steps[i - 1], "epoch") && of(steps[i], "step") > 0) {
            per_epoch = of(steps[i], "step") / (of(steps[i], "epoch") - 1);
            break;
        }
    const double first = steps.empty() ? 0
                         : of(steps[0], "epoch") == of(steps.back(), "epoch")
                             ? (of(steps[0], "epoch") - 1) * per_epoch
                             : of(steps[0], "step");
    Json curves = {{"steps", Json::object()}, {"epochs", Json::object()}};
    Json& columns = curves["steps"];
    const auto count = std::ssize(steps), points = std::min<int64_t>(count, most);
    for (const char* key : {"x", "loss_ce", "loss_mac", "top1", "lr", "gradient_norm"})
        columns[key] = Json::array();
    for (int64_t p = 0; p < points; ++p) {
        const int64_t begin = p * count / points, end = (p + 1) * count / points;
        columns["x"].push_back(
            std::round(1e4 * (first + static_cast<double>(begin + end) / 2) / per_epoch) / 1e4);
        for (const char* key : {"loss_ce", "loss_mac", "top1", "lr", "gradient_norm"}) {
            double sum = 0;
            int64_t known = 0;
            for (int64_t i = begin; i < end; ++i)
                if (const Json value = number(steps[i], key); !value.is_null()) {
                    sum += value.get<double>();
                    ++known;
                }
            // Five digits are more than a curve shows.
            char digits[32];
            std::snprintf(digits, sizeof digits, "%.5g",
                          sum / static_cast<double>(std::max<int64_t>(known, 1)));
            columns[key].push_back(known > 0 ? Json(std::stod(digits)) : Json());
        }
    }
    double seconds = 0;
    for (const auto& [column, key] : {std::pair("x", "epoch"),
                                      {"seconds", "train_seconds"},
                                      {"train_loss_ce", "train_loss_ce"},
                                      {"train_loss_mac", "train_loss_mac"},
                                      {"val_loss", "val_loss"},
                                      {"val_top1", "val_top1"},
                                      {"val_top5", "val_top5"}}) {
        curves["epochs"][column] = Json::array();
        for (const Json& epoch : epochs) curves["epochs"][column].push_back(number(epoch, key));
    }
    for (const Json& epoch : epochs)
        if (const Json value = number(epoch, "train_seconds"); !value.is_null())
            seconds += value.get<double>();
    curves["steps_in_all"] = count;
    curves["seconds"] = std::round(10 * seconds) / 10;
    return curves;
}

}  // namespace mdn
