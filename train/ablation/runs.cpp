#include "train/ablation/runs.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "data/file.h"
#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "engine/files/byte_source.h"
#include "model/summary.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/checkpoints/trained_classes.h"
#include "train/evaluate_split.h"
#include "train/load_model.h"
#include "train/output/evaluation_output.h"
#include "train/output/format.h"
#include "train/report/evaluation_data.h"
#include "train/report/run_data.h"
#include "train/trainer.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Metadata = std::map<std::string, std::string>;
using Stage = AblationRun::Stage;

constexpr const char* backbone = "backbone.";
constexpr const char* goes_on = "the same command goes on";
constexpr const char* train_anew =
    "give what it was trained with, or another --out; without that folder, it is trained anew";

Metadata metadata_of(const std::string& checkpoint) {
    return SafetensorsReader(open_file(checkpoint)).metadata();
}

std::string value_of(const Metadata& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? "" : found->second;
}

/// The checkpoint that is evaluated: that of the best validation, or without any the last.
std::string checkpoint_of(const AblationRun& run) {
    return run.settings.validates() ? best_checkpoint(run.folder) : last_checkpoint(run.folder);
}

/// What a training takes, in multiply-adds per clip: all runs see the same clips.
double work_of(const AblationRun& run) {
    if (run.stage >= Stage::trained) return 0;
    return static_cast<double>(summarize(run.config).total.macs) * (1 - run.share);
}

}  // namespace

AblationRuns::AblationRuns(AblationOptions options, std::ostream& out)
    : options_(std::move(options)),
      out_(out),
      progress_(out),
      lock_(options_.out, "ablate", [this](const std::string& note) { progress_.line(note); }),
      classes_(read_class_names(options_.data)) {
    if (!is_utf8(options_.data))  // checkpoints could not say it
        throw Error("--data " + options_.data + ": the folder's name is not UTF-8", "rename it");
    ClipOptions views;
    options_.views.apply(views);
    clips_ = compared_clips();
    if (!options_.init.empty())
        init_digest_ = weights_digest(read_weights(options_.init), backbone);
    for (size_t seed = 0; seed < options_.seeds.size(); ++seed)
        for (size_t row = 0; row < options_.rows.size(); ++row) {
            AblationRun& run = runs_.emplace_back();
            run.row = row;
            run.seed = seed;
            run.folder = options_.out + "/" + options_.rows[row].name + "/seed-" +
                         std::to_string(options_.seeds[seed]);
            run.config = ablated(options_.whole, options_.rows[row]);
            run.settings = with_row_settings(options_.settings, options_.row_settings,
                                             options_.rows[row].name);
            run.settings.seed = options_.seeds[seed];
            look_at(run);
        }
    check_same_steps();
    for (const AblationRun& run : runs_)
        if (run.stage != Stage::evaluated) hold(run);
}

/// The list that the runs are compared on, as it is now.
std::string AblationRuns::compared_clips() const {
    std::vector<std::pair<std::string, int64_t>> clips;
    for (const ListedClip& clip : read_split(options_.data, options_.split, classes_.count(),
                                             {.frames = false, .keypoints = false},
                                             options_.settings.reading.dataset_options()))
        clips.emplace_back(clip.files.name, clip.label);
    return clips_digest(clips);
}

/// Fills in what is known of a run from its folder.
void AblationRuns::look_at(AblationRun& run) const {
    const std::string newest = newest_checkpoint(run.folder);
    if (newest.empty()) {
        if (is_file(best_checkpoint(run.folder)))
            throw Error(run.folder + " holds best.safetensors, but no last.safetensors: its " +
                            "training cannot go on",
                        "put last.safetensors back, or remove the folder to train it anew");
        return;
    }
    const Metadata metadata = metadata_of(newest);
    check_same(run, metadata, newest);
    const Position position = read_position(metadata, newest);
    const auto epochs = static_cast<double>(run.settings.epochs);
    run.share = std::min(static_cast<double>(position.epoch) / epochs, 1.0);
    run.stage = Stage::begun;
    // The end of a run is first `next`, for a moment.
    if (position.epoch < run.settings.epochs || newest != last_checkpoint(run.folder)) return;
    run.steps = position.step;
    run.stage = Stage::trained;
    if (!is_file(checkpoint_of(run)))
        throw Error(run.folder + " is trained, but holds no best.safetensors",
                    "put it back, or remove the folder to train it anew");
    if (is_evaluated(run)) run.stage = Stage::evaluated;
}

void AblationRuns::check_same(const AblationRun& run, const Metadata& metadata,
                              const std::string& path) const {
    check_same_settings(run, metadata, path);
    const std::string stored = value_of(metadata, metadata_config);
    if (stored.empty())
        throw Error(path + " does not say which config it belongs to: no run wrote it", train_anew);
    const std::string difference = config_difference(stored, path, run.config);
    if (!difference.empty())
        throw Error(run.folder + " was trained with another config: it had" + difference,
                    train_anew);
    const std::string precision = value_of(metadata, metadata_precision);
    if (!precision.empty() && precision != options_.machine.precision_text())
        throw Error(run.folder + " was trained with --precision " + precision + ", not " +
                        options_.machine.precision_text(),
                    train_anew);
    if (const std::string init = value_of(metadata, metadata_init); init != init_digest_)
        throw Error(
            run.folder + (options_.init.empty() ? " began with the weights of an --init"
                          : init.empty()
                              ? " did not begin with weights of an --init"
                              : " began with other weights than the backbone of " + options_.init),
            train_anew);
    check_same_data(run, metadata);
}

void AblationRuns::check_same_settings(const AblationRun& run, const Metadata& metadata,
                                       const std::string& path) const {
    const auto was = TrainSettings::from_text(metadata, path).to_text();
    for (const auto& [name, value] : run.settings.to_text())
        if (TrainSettings::decides_result(name) && was.at(name) != value)
            throw Error(
                run.folder + " was trained with --" + name + " " + was.at(name) + ", not " + value,
                train_anew);
}

void AblationRuns::check_same_data(const AblationRun& run, const Metadata& metadata) const {
    // A folder that is not there any more was moved: what it holds is compared below.
    const std::string data = value_of(metadata, metadata_data);
    std::error_code failure;
    if (is_folder(data) && !fs::equivalent(data, options_.data, failure))
        throw Error(run.folder + " was trained on " + data + ", not on " + options_.data,
                    train_anew);
    if (value_of(metadata, metadata_classes) != classes_text(classes_.names))
        throw Error(run.folder + " was trained on other classes than those of " + options_.data,
                    "the dataset has changed since; remove the folder to train it anew");
}

/// Of lists of another length, an epoch has other steps.
void AblationRuns::check_same_steps() const {
    const AblationRun* first = nullptr;
    for (const AblationRun& run : runs_) {
        if (run.stage < Stage::trained) continue;
        if (first != nullptr && run.steps != first->steps)
            throw Error(run.folder + " was trained in " + std::to_string(run.steps) +
                            " steps, and " + first->folder + " in " + std::to_string(first->steps) +
                            ": the list of training clips has changed between",
                        "remove the folder that was trained on the other list");
        first = &run;
    }
}

/// Whether what is kept is an evaluation of these weights on these clips, as they are now.
bool AblationRuns::is_evaluated(const AblationRun& run) const {
    const std::string kept = report_data_file(run.folder, options_.split);
    if (!is_file(kept) || !is_file(run.folder + "/" + options_.split + ".json")) return false;
    Json data;
    try {
        data = read_evaluation_data(kept);
    } catch (const Error&) {
        return false;  // it is written again
    }
    const Json& origin = data["origin"];
    const Json views = {{"clips", options_.views.clips}, {"crops", options_.views.crops}};
    const Metadata weights = metadata_of(checkpoint_of(run));
    return origin["command"] == "eval" && origin.value("split", Json()) == options_.split &&
           origin.value("step", Json()) == value_of(weights, metadata_step) &&
           origin.value("views", Json()) == views &&
           origin.value("not_as_trained", Json()) == Json::object() &&
           data["answers"]["clips"] == clips_;
}

std::unique_ptr<RunFolder> AblationRuns::hold(const AblationRun& run) {
    return std::make_unique<RunFolder>(
        run.folder, run.stage == Stage::absent ? RunStart::fresh : RunStart::resume,
        [&](const std::string& note) { progress_.line(note); });
}

std::string AblationRuns::name_of(const AblationRun& run) const {
    return options_.rows[run.row].title + ", seed " + std::to_string(options_.seeds[run.seed]);
}

/// "run 3/18"
std::string AblationRuns::place_of(const AblationRun& run) const {
    return "run " + std::to_string(&run - runs_.data() + 1) + "/" + std::to_string(runs_.size());
}

void AblationRuns::complete() {
    const auto how_many = [&] {
        const auto there = std::count_if(runs_.begin(), runs_.end(), [](const AblationRun& run) {
            return run.stage == Stage::evaluated;
        });
        return std::to_string(there) + " of " + std::to_string(runs_.size()) + " runs are complete";
    };
    progress_.line(how_many());
    double work = 0, done = 0;
    for (const AblationRun& run : runs_) work += work_of(run);
    const WorkPace pace(work);
    for (AblationRun& run : runs_) {
        if (run.stage == Stage::evaluated) continue;
        if (const int signal = stop_signal()) throw Stopped(signal, how_many() + "; " + goes_on);
        progress_.line(place_of(run) + ": " + name_of(run) + " (" + run.folder + ")");
        const auto folder = hold(run);
        std::string line = name_of(run);
        try {
            const double of_run = work_of(run);
            if (run.stage < Stage::trained) train(run, *folder, pace, done);
            done += of_run;
            line += format(": Top-1 %.2f %% on ", evaluate(run)) + options_.split;
        } catch (const NonFinite& error) {
            throw NonFinite(run.folder + ": " + error.what(),
                            "start another ablation with a lower --lr or --clip, and another "
                            "--out; or remove this row's folder, and give the row a lower rate "
                            "for itself with --row-settings");
        }
        run.stage = Stage::evaluated;
        line += "; " + how_many();
        const std::string left = done < work ? pace.text(done) : "";
        progress_.line(left.empty() ? line : line + ", " + left);
    }
}

/// `done`: the work that was done before this run.
void AblationRuns::train(const AblationRun& run, const RunFolder& folder, const WorkPace& pace,
                         double done) {
    const double of_run = work_of(run);
    TrainRun training;
    training.data = options_.data;
    training.out = run.folder;
    training.config = run.config;
    training.settings = run.settings;
    training.init = options_.init;
    training.init_part = backbone;
    training.resume = run.stage == Stage::begun;
    training.save_every = options_.save_every;
    training.workers = options_.workers;
    training.cache_bytes = options_.cache_bytes;
    training.machine = options_.machine;
    training.goes_on = goes_on;
    training.beside = [&, of_run](int64_t steps, int64_t in_all) {
        const double share = static_cast<double>(steps) / static_cast<double>(in_all);
        const double of_rest = std::max(share - run.share, 0.0) / (1 - run.share);
        const std::string left = pace.text(done + of_run * of_rest);
        return place_of(run) + (left.empty() ? "" : ", all runs: " + left);
    };
    Trainer(std::move(training), &folder, out_).run();
}

/// Returns Top-1.
double AblationRuns::evaluate(const AblationRun& run) {
    const ModelFlags flags{.config = {}, .preset = {}, .weights = checkpoint_of(run)};
    std::ostringstream what_was_loaded;
    const LoadedModel loaded = load_model(flags, options_.machine, options_.data, what_was_loaded);
    // As many pictures at a time as were trained on.
    const int64_t views = options_.views.clips * options_.views.crops;
    const SplitOptions split{.data = options_.data,
                             .split = options_.split,
                             .views = options_.views,
                             .reading = run.settings.reading,
                             .batch = std::max<int64_t>(run.settings.batch / views, 1),
                             .workers = options_.workers,
                             .machine = options_.machine};
    try {
        const SplitEvaluation evaluated = evaluate_split(loaded, split, progress_);
        write_report_data(run.folder, options_.split, report_data(loaded, split, evaluated));
        write_file(run.folder + "/" + options_.split + ".json",
                   metrics_json(evaluated.metrics, run.config.entities));
        return evaluated.metrics.top1;
    } catch (const Stopped& stopped) {
        throw Stopped(stopped.signal(), run.folder + " is trained, but not evaluated; " + goes_on);
    }
}

AblationAnswers AblationRuns::answers() const {
    AblationAnswers answers{.rows = options_.rows,
                            .seeds = options_.seeds,
                            .classes = classes_,
                            .truth = {},
                            .predicted = {}};
    answers.predicted.assign(options_.rows.size(),
                             std::vector<std::vector<int64_t>>(options_.seeds.size()));
    for (const AblationRun& run : runs_) {
        const std::string path = report_data_file(run.folder, options_.split);
        const Json kept = read_evaluation_data(path)["answers"];
        if (kept["clips"] != clips_)
            throw Error(path + " is not of the clips that --split " + options_.split +
                            " lists: the list has changed",
                        goes_on);
        answers.truth = kept["truth"].get<std::vector<int64_t>>();
        answers.predicted[run.row][run.seed] = kept["predicted"].get<std::vector<int64_t>>();
    }
    return answers;
}

}  // namespace mdn
