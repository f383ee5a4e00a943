#include "train/report/comparison.h"

#include <algorithm>

#include "engine/error.h"
#include "train/metrics.h"
#include "train/output/format.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// What is missing for an evaluation; empty if nothing is.
std::string missing_of(const Json& json) {
    for (const char* key : {"top1", "top5", "f1_macro"})
        if (!json.is_object() || !json.contains("action") || !json["action"].is_object() ||
            !json["action"].contains(key) || !json["action"][key].is_number())
            return std::string("number action.") + key;
    return "";
}

/// The same for what a page draws beside the rates.
std::string missing_of_page(const Json& json) {
    if (const std::string missing = missing_of(json); !missing.empty()) return missing;
    if (!json.contains("clips") || !json["clips"].is_number_integer()) return "number `clips`";
    if (!json.contains("classes") || !json["classes"].is_array()) return "list `classes`";
    const size_t classes = json["classes"].size();
    for (const Json& c : json["classes"]) {
        if (!c.is_object() || !c.contains("name") || !c["name"].is_string())
            return "name in one of its classes";
        for (const char* key : {"clips", "correct", "predicted"})
            if (!c.contains(key) || !c[key].is_number_integer() || c[key].get<int64_t>() < 0)
                return std::string("number `") + key + "` in one of its classes";
    }
    const bool square =
        json.contains("confusion") && json["confusion"].is_array() &&
        json["confusion"].size() == classes &&
        std::all_of(json["confusion"].begin(), json["confusion"].end(), [&](const Json& row) {
            return row.is_array() && row.size() == classes &&
                   std::all_of(row.begin(), row.end(), [](const Json& count) {
                       return count.is_number_integer() && count.get<int64_t>() >= 0;
                   });
        });
    return square ? "" : "confusion matrix with a row and a column per class";
}

void require_nothing_missing(const std::string& missing, const std::string& source) {
    if (!missing.empty())
        throw Error(source + " is not an evaluation: it has no " + missing,
                    "write it with `microdualnet eval --json-file`");
}

std::string cell(const Json& metrics, const char* pointer) {
    const Json::json_pointer where(pointer);
    const bool known = metrics.contains(where) && metrics.at(where).is_number();
    return known ? format("%7.2f", metrics.at(where).get<double>()) : "      -";
}

}  // namespace

bool is_evaluation(const Json& json) { return missing_of_page(json).empty(); }

void check_rates(const Json& json, const std::string& source) {
    require_nothing_missing(missing_of(json), source);
}

void check_evaluation(const Json& json, const std::string& source) {
    require_nothing_missing(missing_of_page(json), source);
}

std::string comparison_table(const std::vector<std::pair<std::string, Json>>& evaluations) {
    size_t width = 5;
    for (const auto& [name, metrics] : evaluations) width = std::max(width, name.size());
    const auto padded = [&](const std::string& name) {
        return name + std::string(width - name.size(), ' ');
    };
    std::string text = padded("model") + "    Top-1    Top-5  F1macro   F1mean\n";
    for (const auto& [name, metrics] : evaluations) {
        text += padded(name);
        for (const char* rate : {"/action/top1", "/action/top5", "/action/f1_macro", "/f1_mean"})
            text += "  " + cell(metrics, rate);
        text += "\n";
    }
    return text;
}

PairedDifference paired_difference(const Json& first, const Json& second) {
    const auto truth = first["truth"].get<std::vector<int64_t>>();
    const auto a = first["predicted"].get<std::vector<int64_t>>();
    const auto b = second["predicted"].get<std::vector<int64_t>>();
    if (a.size() != truth.size() || b.size() != truth.size() || truth.empty())
        throw Error("the answers of two evaluations are not of the same clips");
    PairedDifference result;
    std::vector<int64_t> gain;  // 1 where only the second is right, -1 where only the first is
    for (size_t i = 0; i < truth.size(); ++i) {
        gain.push_back((b[i] == truth[i]) - (a[i] == truth[i]));
        result.only_first += gain.back() < 0;
        result.only_second += gain.back() > 0;
    }
    const auto clips = static_cast<double>(truth.size());
    result.difference = 100 * static_cast<double>(result.only_second - result.only_first) / clips;
    result.interval = bootstrap(std::ssize(gain), [&](const std::vector<int64_t>& times) {
        int64_t sum = 0;
        for (size_t i = 0; i < gain.size(); ++i) sum += gain[i] * times[i];
        return std::vector<double>{100 * static_cast<double>(sum) / clips};
    })[0];
    return result;
}

}  // namespace mdn
