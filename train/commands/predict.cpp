#include <algorithm>
#include <cctype>
#include <cstring>
#include <functional>

#include "train/batch_hint.h"
#include "train/commands/command.h"
#include "train/commands/predict_list.h"
#include "train/commands/predict_timeline.h"
#include "train/load_model.h"
#include "train/output_paths.h"
#include "train/predict.h"
#include "train/settings/reading_settings.h"

namespace mdn {

namespace {

class PredictCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    ViewFlags views_;
    ReadingSettings reading_;
    PredictListFlags list_;
    TimelineFlags timeline_;
    std::string dataset_, clip_, frames_, keypoints_;
    int64_t top_ = 5, batch_ = 4, workers_ = 2;
    bool json_ = false;

    void check_source(const Config& config) const {
        if (dataset_.empty() && !clip_.empty())
            throw Error("--clip " + clip_ + " is a clip of a dataset, and there is no --dataset",
                        "give --dataset DIR, or leave --clip out");
        // Keypoints alone are enough for a model that looks at nothing else.
        const bool folders = !frames_.empty() || (!config.has_frames() && !keypoints_.empty());
        if (dataset_.empty() != folders)
            throw Error("give either --dataset and --clip, or " +
                            std::string(config.has_frames() ? "--frames" : "--keypoints"),
                        "for a whole list, give --dataset with --submission or --predictions");
        if (config.regions == Regions::keypoints && dataset_.empty() && keypoints_.empty())
            throw Error("this model needs keypoints", "give --keypoints DIR: OpenPose's files");
        if (!clip_needs(config).keypoints && !keypoints_.empty())
            throw Error("--keypoints has no effect: this model reads no keypoints", "leave it out");
    }

    void check_one_of(const CommandLine& options, bool list, bool timeline) const {
        if (list && timeline) throw Error("a list and a timeline cannot both be asked for");
        if (list && (!clip_.empty() || !frames_.empty()))
            throw Error("a list and a single clip cannot both be asked for");
        if (!dataset_.empty() && !keypoints_.empty())
            throw Error("--keypoints is for a folder of frames",
                        "a dataset's clips have their keypoints in " + dataset_);
        if (list && json_)
            throw Error("--json is for a single clip or a timeline",
                        "a list goes to the files of --submission and --predictions");
        if (options.given("--top") && (timeline || (list && list_.predictions.empty())))
            throw Error("--top is for a single clip or the table of --predictions",
                        timeline ? "a timeline has the likeliest class of every window"
                                 : "give --predictions FILE beside it");
        for (const char* flag : {"--batch", "--workers"})
            if (!list && !timeline && options.given(flag))
                throw Error(std::string(flag) + " is for a list or a timeline",
                            "give --window N, --submission FILE or --predictions FILE beside it");
    }

    /// `microdualnet explain …` for the same recording, model and way to read.
    std::string explain_command(const CommandLine& options) const {
        std::vector<std::string> words = {"microdualnet", "explain"};
        const auto add = [&](const std::string& flag, const std::string& value) {
            if (!value.empty()) words.insert(words.end(), {flag, value});
        };
        words.push_back(!clip_.empty() ? clip_ : !frames_.empty() ? frames_ : keypoints_);
        add("--data", dataset_);
        if (!frames_.empty()) add("--keypoints", keypoints_);
        add("--weights", model_.weights);
        add("--config", model_.config);
        add("--preset", model_.preset);
        for (const auto& [flag, value] : reading_.given(options)) add(flag, value);
        std::string command;
        for (const std::string& word : words)
            command.append(command.empty() ? "" : " ").append(shell_word(word));
        return command;
    }

    /// As a shell reads it back.
    static std::string shell_word(const std::string& word) {
        const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
            return std::isalnum(c) || std::strchr("_./-+=:@%,", c);
        });
        if (plain && !word.empty()) return word;
        std::string quoted = "'";
        for (const char c : word) c == '\'' ? quoted.append("'\\''") : quoted.append(1, c);
        return quoted + "'";
    }

  public:
    void declare(CommandLine& options) override {
        model_.declare(options, "safetensors file, for example a run's best.safetensors");
        options.require("--weights");
        options.text("--dataset,--data", dataset_, "DIR",
                     "dataset folder to take a clip or a list from");
        options.text("--clip", clip_, "NAME", "the clip's name as in the dataset's lists");
        options.text("--frames", frames_, "DIR",
                     "folder of numbered frames: img_00001.jpg, img_00002.jpg, ...");
        options.text("--keypoints", keypoints_, "DIR",
                     "with --frames, or alone for modality pose: folder with OpenPose's JSON "
                     "files, or a light_hand.csv");
        options.require_one({"--dataset", "--frames", "--keypoints"});
        options.reads_folder("--dataset");
        options.reads_folder("--frames");
        options.reads("--keypoints");
        list_.declare(options);
        options.require_beside("--dataset", {"--clip", "--submission", "--predictions"});
        options.integer("--top", top_, 1, 10000, "classes to show");
        options.flag("--json", json_, "print one JSON object");
        views_.declare(options);
        reading_.declare(options);
        timeline_.declare(options);
        options.integer("--batch", batch_, 1, 4096,
                        "clips of a list, or windows of a timeline, per batch");
        options.integer("--workers", workers_, 1, 256,
                        "threads that decode frames of a list or a recording");
        machine_.declare(options);
        machine_.declare_precision(options);
        machine_.declare_recording(options);
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        machine_.apply();
        const bool list = list_.asked(), timeline = timeline_.wanted(options);
        check_one_of(options, list, timeline);
        check_page_name({"--html", timeline_.html});
        check_outputs({{"--submission", list_.submission},
                       {"--predictions", list_.predictions},
                       {"--timeline", timeline_.file},
                       {"--html", timeline_.html}},
                      model_.inputs_with({{"--keypoints", keypoints_}}), {"--dataset", dataset_});
        const LoadedModel loaded = load_model(model_, machine_, dataset_, notes);
        const Config& config = loaded.model->config();
        reading_.refuse_unread(options, clip_needs(config));
        ClipOptions clips = clip_options(config, Sampling::test);
        views_.apply(clips);
        const ReadingSettings reading_as =
            reading_.as_trained(options, loaded.stored.metadata, loaded.stored.path);
        clips.keypoints = reading_as.keypoint_options();
        clips.dataset = reading_as.dataset_options();
        const auto hint = [&](int64_t at_a_time, const char* option,
                              const std::function<void()>& work) {
            with_batch_hint({.config = config,
                             .machine = machine_,
                             .clips = at_a_time,
                             .views = clips.views(),
                             .option = option},
                            work);
        };
        const BatchReading reading{
            .batch = batch_, .workers = workers_, .record = !machine_.no_recording};
        if (list) {
            hint(batch_, "--batch",
                 [&] { predict_list(list_, *loaded.model, dataset_, clips, reading, top_, out); });
            return;
        }
        check_source(config);
        const std::vector<std::string> names = class_names(loaded, dataset_);
        ClipNeeds needs = clip_needs(config);
        needs.label = false;
        const ClipFiles files =
            dataset_.empty()
                ? clip_in_folders(frames_, keypoints_, clips.dataset)
                : find_clip(dataset_, clip_, config.classes, needs, clips.dataset).files;
        if (timeline) {
            hint(batch_, "--batch", [&] {
                predict_timeline(
                    timeline_, options, *loaded.model, files, clips, reading,
                    {.weights = model_.weights, .explain_command = explain_command(options)}, names,
                    json_, out, notes);
            });
            return;
        }
        Prediction prediction;
        hint(1, "", [&] { prediction = predict(*loaded.model, files, clips); });
        out << (json_ ? prediction_json : prediction_text)(prediction, names, config.entities,
                                                           top_);
    }
};

}  // namespace

const CommandEntry predict_command = {
    "predict", "the likeliest actions of one clip, or of a whole list",
    "Reads clips as evaluation does. For a single clip it prints the likeliest actions and the\n"
    "routing weights of each entity (body part); for a list it writes files. The two routing\n"
    "weights of an entity add up to 1: the ST path looks at the body first and then along time,\n"
    "the TS path the other way round.\n"
    "With --window, a recording of any length becomes a timeline with one row per window: the\n"
    "likeliest action, its probability, and the weight of each entity's ST path (alpha).\n\n"
    "Example: microdualnet predict --weights runs/tiny/best.safetensors --dataset DIR --clip NAME\n"
    "         microdualnet predict --weights W.safetensors --frames frames/c1 "
    "--keypoints keypoints/c1\n"
    "         microdualnet predict --weights W.safetensors --data MA-52 --submission "
    "prediction.zip\n"
    "         microdualnet predict --weights W.safetensors --frames day1 --keypoints day1_pose \\\n"
    "             --window 48 --stride 12 --fps 25 --timeline day1.csv --html day1.html\n",
    [] { return std::unique_ptr<Command>(new PredictCommand); }};

}  // namespace mdn
