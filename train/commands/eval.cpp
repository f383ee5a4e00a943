#include <filesystem>

#include "engine/files/atomic_file.h"
#include "train/commands/command.h"
#include "train/evaluate_split.h"
#include "train/load_model.h"
#include "train/output/evaluation_output.h"
#include "train/output/progress.h"
#include "train/output_paths.h"
#include "train/report/evaluation_data.h"
#include "train/report/report.h"
#include "train/settings/reading_settings.h"
#include "train/settings/split_flag.h"

namespace mdn {

namespace {

class EvalCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    std::string data_, split_ = "test", json_file_, confusion_, report_;
    ViewFlags views_;
    ReadingSettings reading_;
    ProfileTraceFlags trace_;
    bool json_ = false;
    int64_t batch_ = 16, workers_ = 2;

    /// Where report_data/ keeps this evaluation, or would: the folder and the name of the JSON.
    std::pair<std::string, std::string> kept_as() const {
        const std::filesystem::path json = json_file_.empty() ? split_ + ".json" : json_file_;
        return {folder_of(json), json.stem().string()};
    }

    static std::string folder_of(const std::filesystem::path& file) {
        return file.has_parent_path() ? file.parent_path().string() : ".";
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file, for example a run's best.safetensors");
        options.require("--weights");
        options.text("--data", data_, "DIR", "dataset folder");
        options.require("--data");
        options.reads_folder("--data");
        options.text("--split", split_, "NAME", "list to evaluate on: train, val or test");
        options.flag("--json", json_, "print one JSON object instead of the tables");
        options.text("--json-file", json_file_, "FILE",
                     "also write that JSON object to a file, and what a report needs to "
                     "report_data/ beside it");
        options.text("--confusion", confusion_, "FILE",
                     "write the confusion matrix to this CSV file");
        options.text("--report", report_, "FILE", "write an HTML page about the run");
        views_.declare(options);
        reading_.declare(options);
        options.integer("--batch", batch_, 1, 4096, "clips at a time, each with all its views");
        options.integer("--workers", workers_, 1, 256, "threads that decode frames");
        trace_.declare(options, "batches");
        machine_.declare(options);
        machine_.declare_precision(options);
        machine_.declare_recording(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        trace_.check(options);
        trace_.prepare(machine_);
        check_outputs({{"--json-file", json_file_},
                       {"--confusion", confusion_},
                       {"--report", report_},
                       {"--profile-trace", trace_.file}},
                      model_.inputs_with({}), {"--data", data_});
        if (!json_file_.empty()) check_report_data(kept_as().first);
        check_split("--split", data_, split_);
        const LoadedModel loaded = load_model(model_, machine_, data_, notes);
        const Config& config = loaded.model->config();
        reading_.refuse_unread(options, clip_needs(config));
        SplitOptions how{
            .data = data_,
            .split = split_,
            .views = views_,
            .reading = reading_.as_trained(options, loaded.stored.metadata, loaded.stored.path),
            .batch = batch_,
            .workers = workers_,
            .machine = machine_,
            .trace = trace_};
        for (const auto& [flag, value] : reading_.given(options))
            how.not_as_trained[flag.substr(2)] = value;

        // Progress would break a JSON object on the same stream.
        Progress progress(json_ ? notes : out);
        const SplitEvaluation evaluated = evaluate_split(loaded, how, progress);
        const Metrics& metrics = evaluated.metrics;
        progress.line(json_ ? "evaluated " + split_ : data_ + ", " + split_);

        if (json_)
            out << metrics_json(metrics, config.entities);
        else
            out << metrics_table(metrics, config.entities);
        if (!json_file_.empty()) write_file(json_file_, metrics_json(metrics, config.entities));
        if (!confusion_.empty()) write_file(confusion_, confusion_csv(metrics));
        if (json_file_.empty() && report_.empty()) return;
        const nlohmann::ordered_json data = report_data(loaded, how, evaluated);
        const auto [folder, name] = kept_as();
        if (!json_file_.empty()) write_report_data(folder, name, data);
        // A run's log lies beside its weights.
        if (!report_.empty())
            write_file(report_, report_html({run_with(folder_of(loaded.stored.path), name, data)}));
    }
};

}  // namespace

const CommandEntry eval_command = {
    "eval", "accuracy, F1, confusion matrix and routing of a trained model",
    "Rates are in percent.\n"
    "  F1 macro   averages over the classes present in truth or prediction\n"
    "  F1 micro   equals Top-1\n"
    "  F1mean     averages F1 macro and F1 micro of actions and of body-level classes\n"
    "  alpha_st   is the mean weight that the router gives to the ST path\n"
    "The body-level classes are MA-52's own, or the third column of labels.txt. Without them,\n"
    "their rates and F1mean are left out.\n\n"
    "Example: microdualnet eval --weights runs/tiny/best.safetensors --data DIR --split test\n",
    [] { return std::unique_ptr<Command>(new EvalCommand); }};

}  // namespace mdn
