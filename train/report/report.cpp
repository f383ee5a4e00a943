#include "train/report/report.h"

#include <algorithm>
#include <filesystem>

#include "train/output/counted.h"
#include "train/output/format.h"
#include "train/page/page.h"
#include "train/report/comparison.h"
#include "train/report/summary.h"
#include "train/version.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t most_bytes = 3'000'000 - 150'000;  // beside stylesheet and scripts

/// Runs of one name are called by their folders.
void tell_apart(std::vector<RunData>& runs) {
    std::vector<std::string> names;
    for (const RunData& run : runs) names.push_back(run.name);
    for (RunData& run : runs)
        if (std::count(names.begin(), names.end(), run.name) > 1) run.name = run.folder;
}

/// With its sign, which is a minus sign as in all numbers of a page (Page.number in page.js); a
/// difference that is none to one digit has none.
std::string points(double difference) {
    std::string text = format("%+.1f", difference);
    if (text == "+0.0" || text == "-0.0") return "0.0";
    return text.front() == '-' ? text.replace(0, 1, "−") : text;
}

/// The sentences on pairs of runs: each with the first.
Json differences(const std::vector<RunData>& runs) {
    Json list = Json::array();
    const RunData& first = runs.front();
    for (size_t i = 1; i < runs.size(); ++i) {
        const RunData& other = runs[i];
        if (first.evaluation.is_null() || other.evaluation.is_null()) continue;
        const Json &a = first.evaluation["answers"], &b = other.evaluation["answers"];
        if (!a.is_object() || !b.is_object() || a["clips"] != b["clips"]) {
            list.push_back(other.name + " and " + first.name +
                           ": not known to be evaluated on the same clips, so their difference is "
                           "not computed clip by clip.");
            continue;
        }
        const PairedDifference pair = paired_difference(a, b);
        std::string text = other.name + " minus " + first.name;
        text += ": " + points(pair.difference) + " points of Top-1 on the same clips";
        text +=
            " (95 % interval " + points(pair.interval.low) + " to " + points(pair.interval.high);
        text += pair.interval.low > 0 || pair.interval.high < 0
                    ? "): too much for a mere choice of clips."
                    : "; 0 is in it): other clips could turn it round.";
        text += " Only " + other.name + " is right on " + counted(pair.only_second, "clip") +
                ", only " + first.name + " on " + counted(pair.only_first, "clip") + ".";
        list.push_back(text);
    }
    return list;
}

Json run_json(const RunData& run) {
    return {{"name", run.name},
            {"folder", run.folder},
            {"model", run.evaluation.is_null() ? "" : model_text(run.evaluation)},
            {"rate", run.evaluation.is_null() ? "" : rate_text(run.evaluation)},
            {"evaluation_name", run.evaluation_name},
            {"evaluation", run.evaluation},
            {"summary",
             run.evaluation.is_null() ? std::vector<std::string>() : summary_of(run.evaluation)},
            {"curves", run.curves},
            {"training", run.training},
            {"missing", run.missing}};
}

size_t bytes_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

}  // namespace

std::string report_html(std::vector<RunData> runs) {
    tell_apart(runs);
    size_t bytes = 0;
    for (RunData& run : runs) {
        // The answers clip by clip have served when the differences are known.
        bytes += bytes_of(run_json(run));
        if (bytes < most_bytes || run.evaluation.is_null()) continue;
        bytes -= bytes_of(run.evaluation["clips"]);
        run.evaluation["clips"] = Json::array();
        run.missing.push_back(run.name +
                              ": its clips are left out, so that the page stays small. "
                              "microdualnet report " +
                              run.folder + " shows them.");
    }
    Page page{.title = "Report: ",
              .scripts = {"clip_view.js", "report.js"},
              .data = {{"program", std::string("microdualnet ") + program_version},
                       {"differences", runs.size() > 1 ? differences(runs) : Json::array()},
                       {"runs", Json::array()}},
              .without_scripts =
                  "The numbers are in the run's folder: log.jsonl, and the files "
                  "that eval writes."};
    for (size_t i = 0; i < runs.size(); ++i) {
        page.title += (i == 0 ? "" : ", ") + runs[i].name;
        if (!runs[i].evaluation_name.empty()) page.title += " (" + runs[i].evaluation_name + ")";
        if (!runs[i].evaluation.is_null()) runs[i].evaluation.erase("answers");
        page.data["runs"].push_back(run_json(runs[i]));
    }
    return page_html(page);
}

std::string report_of_folders(const std::vector<std::string>& folders,
                              const std::string& evaluation) {
    std::vector<RunData> runs;
    for (const std::string& folder : folders) runs.push_back(read_run(folder, evaluation));
    return report_html(std::move(runs));
}

}  // namespace mdn
