#include <algorithm>
#include <set>

#include "data/dataset_check.h"
#include "train/commands/command.h"
#include "train/load_model.h"
#include "train/metrics.h"
#include "train/output/counted.h"
#include "train/output/format.h"
#include "train/output/progress.h"
#include "train/settings/reading_settings.h"

namespace mdn {

namespace {

using Long = long long;

std::string splits_table(const DatasetSummary& summary) {
    std::string text = "split     clips    frames  shortest  longest  unlabelled\n";
    for (const SplitSummary& split : summary.splits)
        text += format("%-6s %8lld %9lld %9lld %8lld %11lld\n", split.split.c_str(),
                       Long{split.clips}, Long{split.frames}, Long{split.shortest},
                       Long{split.longest}, Long{split.unlabelled});
    return text;
}

std::string classes_table(const DatasetSummary& summary) {
    size_t width = 5;
    for (const std::string& name : summary.classes.names) width = std::max(width, name.size());
    std::string text = format("  #  %-*s", static_cast<int>(width), "class");
    for (const SplitSummary& split : summary.splits) text += format(" %7s", split.split.c_str());
    text += "\n";
    for (size_t c = 0; c < summary.classes.names.size(); ++c) {
        text += format("%3lld  %-*s", static_cast<Long>(c), static_cast<int>(width),
                       summary.classes.names[c].c_str());
        for (const SplitSummary& split : summary.splits)
            text += format(" %7lld", Long{split.clips_of_class[c]});
        text += "\n";
    }
    return text;
}

/// Largest class over smallest, of those that have clips.
std::string imbalance(const DatasetSummary& summary) {
    std::string text;
    for (const SplitSummary& split : summary.splits) {
        const std::vector<int64_t>& counts = split.clips_of_class;
        const auto largest = std::max_element(counts.begin(), counts.end());
        auto smallest = largest;
        for (auto it = counts.begin(); it != counts.end(); ++it)
            if (*it > 0 && *it < *smallest) smallest = it;
        if (largest == counts.end() || *largest == 0) continue;
        text += format("imbalance of %s: %.1f", split.split.c_str(),
                       static_cast<double>(*largest) / static_cast<double>(*smallest));
        const auto part = [&](auto count) {
            return format("%lld of ", Long{*count}) + summary.classes.names[count - counts.begin()];
        };
        if (*largest != *smallest)
            text.append(" (clips: ")
                .append(part(largest))
                .append(", ")
                .append(part(smallest))
                .append(")");
        text += "\n";
    }
    return text;
}

std::string sizes(const DatasetSummary& summary) {
    constexpr size_t shown = 5;
    std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> by_count;
    for (const auto& [size, clips] : summary.clips_of_size) by_count.emplace_back(clips, size);
    std::stable_sort(by_count.begin(), by_count.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text;
    for (size_t i = 0; i < std::min(shown, by_count.size()); ++i)
        text += format("%s%lldx%lld (%lld clips)",
                       i ? ", " : "frame sizes: ", Long{by_count[i].second.first},
                       Long{by_count[i].second.second}, Long{by_count[i].first});
    if (by_count.size() > shown) text += format(" and %zu others", by_count.size() - shown);
    return text.empty() ? "" : text + "\n";
}

std::string people(const DatasetSummary& summary) {
    if (summary.frames_with_keypoints == 0) return "";
    return format("nobody is visible in %.2f %% of the frames (%lld of %lld)",
                  percent(summary.frames_without_person, summary.frames_with_keypoints),
                  Long{summary.frames_without_person}, Long{summary.frames_with_keypoints}) +
           format(" and in %lld of %lld whole clips\n", Long{summary.clips_without_person},
                  Long{summary.clips_with_keypoints});
}

/// Where the persons' joints lie, beside the size of the frames.
std::string joints(const DatasetSummary& summary) {
    const std::string certain =
        summary.joints.is_all_certain()
            ? "confidence: 1 for every joint: those that were guessed count as seen\n"
            : "";
    if (summary.joints.empty()) return certain;
    std::string text = "joints: " + summary.joints.extent();
    if (summary.clips_of_size.size() == 1) {
        const auto [width, height] = summary.clips_of_size.begin()->first;
        text += " (" + summary.joints.extent_in({width, height}) +
                format(" in frames of %lldx%lld)", Long{width}, Long{height});
    }
    return text + "\n" + certain;
}

constexpr int64_t most_told = 100;  // a dataset with the same fault everywhere fits on a page

class CheckCommand final : public Command {
    ModelFlags model_;
    std::string data_;
    bool quick_ = false, all_ = false;
    int64_t workers_ = 2;
    ReadingSettings reading_;

  public:
    void declare(CommandLine& options) override {
        options.text("DATASET,--data", data_, "DIR", "dataset folder");
        options.require("DATASET");
        options.reads_folder("DATASET");
        model_.declare(options, "");
        options.flag("--quick", quick_, "read only the first and the last frame of each clip");
        options.flag("--all", all_, "print every problem, not only the first 100 of each kind");
        options.integer("--workers", workers_, 1, 256, "threads that read clips");
        reading_.declare(options);
    }

    void run(const CommandLine& given, std::ostream& out, std::ostream&) override {
        CheckOptions options{.needs = {},
                             .classes = 0,
                             .quick = quick_,
                             .workers = workers_,
                             .keypoints = reading_.keypoint_options(),
                             .dataset = reading_.dataset_options()};
        if (!model_.config.empty() || !model_.preset.empty()) {
            const Config config = model_.resolve(nullptr);
            options.needs = clip_needs(config);
            reading_.refuse_unread(given, options.needs);
            // As in training: what does not name them takes those of the dataset.
            if (config.names_classes) options.classes = config.classes;
        }
        Progress progress(out);
        std::set<std::string> hints;           // each is given once
        int64_t told[2] = {}, untold[2] = {};  // of errors and warnings
        const DatasetSummary summary = check_dataset(
            data_, options,
            [&](const Problem& problem) {
                const bool warning = problem.severity == Problem::Severity::warning;
                if (!all_ && ++told[warning] > most_told) {
                    ++untold[warning];
                    return;
                }
                progress.line((warning ? "warning: " : "error: ") + problem.message);
                if (!problem.hint.empty() && hints.insert(problem.hint).second)
                    progress.line("hint: " + problem.hint);
            },
            count_progress(progress, "checking clip"));
        for (const bool warning : {false, true})
            if (untold[warning] > 0)
                progress.line("and " + std::to_string(untold[warning]) +
                              (warning ? " more warnings" : " more errors") +
                              ": --all prints every one");
        progress.line(data_ + ": " + summary.format + ", " +
                      std::to_string(summary.classes.count()) + " classes, " +
                      std::to_string(summary.classes.body_names.size()) + " body-level classes");
        out << "\n"
            << splits_table(summary) << "\n"
            << classes_table(summary) << "\n"
            << imbalance(summary) << sizes(summary) << people(summary) << joints(summary);
        out << counted(summary.fatal + summary.errors, "error") << ", "
            << counted(summary.warnings, "warning") << "\n";
        if (!summary.trains())
            throw Error("training would fail: " + counted(summary.fatal, "error") +
                        " outside the test list");
        out << "training would run"
            << (summary.errors > 0 ? ", but evaluation on test would not\n" : "\n");
    }
};

}  // namespace

const CommandEntry check_command = {
    "check", "look for everything that is wrong with a dataset before training on it",
    "Prints problems with file and line: the first 100 errors and the first 100 warnings, or with\n"
    "--all every one. Then prints clips and labels of each split, the class imbalance, the frame\n"
    "sizes, how far joints reach, and how often nobody is visible.\n"
    "Checks both frames and keypoints; with --config or --preset, only what that model reads.\n"
    "Exits with 2 if an error would stop training. What only looks odd is a warning.\n\n"
    "Example: microdualnet check DIR --workers 8\n"
    "         microdualnet check DIR --quick --config configs/paper-ma52-fixed.json\n",
    [] { return std::unique_ptr<Command>(new CheckCommand); }};

}  // namespace mdn
