#include <filesystem>

#include "engine/files/atomic_file.h"
#include "train/batch_hint.h"
#include "train/commands/command.h"
#include "train/explain/clip_page.h"
#include "train/load_model.h"
#include "train/output/progress.h"
#include "train/output_paths.h"
#include "train/predict.h"
#include "train/settings/reading_settings.h"

namespace mdn {

namespace {

class ExplainCommand final : public Command {
    ModelFlags model_;
    MachineFlags machine_;
    ReadingSettings reading_;
    std::string clip_, dataset_, keypoints_, output_ = "clip.html";
    int64_t from_ = 0, to_ = 0;

    /// The clip of a folder's name: the folder itself, and its keypoints in the place where a
    /// dataset has them.
    ListedClip in_folders(const Config& config, const DatasetOptions& options) const {
        const ClipNeeds needs = clip_needs(config);
        if (!std::filesystem::exists(clip_))
            throw Error("there is no folder " + clip_,
                        "give --data DIR beside a clip's name as in its lists");
        std::string keypoints = keypoints_;
        if (needs.frames && needs.keypoints && keypoints.empty())
            keypoints = keypoints_beside(clip_);
        const bool alone = !needs.frames;
        if (alone && !keypoints_.empty())
            throw Error("--keypoints has no effect: this model reads no frames",
                        "give the folder of keypoints in place of CLIP_DIR");
        if (!needs.keypoints && !keypoints_.empty())
            throw Error("--keypoints has no effect: this model reads no keypoints", "leave it out");
        return {.files = clip_in_folders(alone ? "" : clip_, alone ? clip_ : keypoints, options),
                .label = unlabelled,
                .where = {}};
    }

    /// X/keypoints/NAME of X/frames/NAME. Throws Error if there is none.
    static std::string keypoints_beside(const std::string& frames) {
        std::filesystem::path above = std::filesystem::path(frames).lexically_normal();
        if (!above.has_filename()) above = above.parent_path();
        std::filesystem::path name;
        while (above.has_filename() && above.filename() != "frames") {
            name = name.empty() ? above.filename() : above.filename() / name;
            above = above.parent_path();
        }
        if (above.filename() == "frames" && !name.empty()) {
            const std::filesystem::path found = above.parent_path() / "keypoints" / name;
            if (std::filesystem::exists(found)) return found.string();
        }
        throw Error("this model needs keypoints, and there are none beside " + frames,
                    "give --keypoints DIR: OpenPose's files");
    }

    /// The frames of --from and --to alone, by the numbers of their files.
    ClipFiles part_asked_for(const CommandLine& options, const ClipFiles& files) const {
        if (!options.given("--from") && !options.given("--to")) return files;
        const int64_t first = files.names.first + files.first, last = first + files.count - 1;
        const int64_t from = options.given("--from") ? from_ : first;
        const int64_t to = options.given("--to") ? to_ : last;
        if (from < first || to > last || from > to)
            throw Error(
                "--from " + std::to_string(from) + " --to " + std::to_string(to) +
                    " are no frames of " + files.name,
                "it has the frames " + std::to_string(first) + " to " + std::to_string(last));
        ClipFiles part = files.part(from - first, to - from + 1);
        part.name.append(", frames ").append(std::to_string(from));
        part.name.append(" to ").append(std::to_string(to));
        return part;
    }

  public:
    void declare(CommandLine& options) override {
        options.positional("CLIP_DIR", clip_,
                           "folder of numbered frames (for modality pose: of keypoint files); with "
                           "--dataset the clip's name as in its lists");
        model_.declare(options, "safetensors file, for example a run's best.safetensors");
        options.require("--weights");
        options.text("--dataset,--data", dataset_, "DIR",
                     "dataset folder that the clip is in: gives the true class and the names");
        options.text("--keypoints", keypoints_, "DIR",
                     "folder with OpenPose's JSON files, or a light_hand.csv; by default "
                     "keypoints/NAME beside frames/NAME");
        options.reads_folder("--dataset");
        options.reads("--keypoints");
        options.integer("--from", from_, 0, 1'000'000'000,
                        "explain a part of the clip: number of its first frame");
        options.integer("--to", to_, 0, 1'000'000'000, "number of its last frame");
        options.text("--output", output_, "FILE", "the page to write");
        reading_.declare(options);
        machine_.declare(options);
    }

    void run(const CommandLine& options, std::ostream&, std::ostream& notes) override {
        machine_.apply();
        if (!dataset_.empty() && !keypoints_.empty())
            throw Error("--keypoints is for a folder of frames",
                        "a dataset's clips have their keypoints in " + dataset_);
        check_page_name({"--output", output_});
        check_outputs({{"--output", output_}}, model_.inputs_with({{"--keypoints", keypoints_}}),
                      {"--dataset", dataset_});
        const LoadedModel loaded = load_model(model_, machine_, dataset_, notes);
        const Config& config = loaded.model->config();
        ClipNeeds needs = clip_needs(config);
        needs.label = false;
        reading_.refuse_unread(options, needs);
        const ReadingSettings settings =
            reading_.as_trained(options, loaded.stored.metadata, loaded.stored.path);
        ClipOptions clips = clip_options(config, Sampling::test);
        clips.keypoints = settings.keypoint_options();
        clips.dataset = settings.dataset_options();

        const std::vector<std::string> names = class_names(loaded, dataset_);
        const ListedClip listed =
            dataset_.empty() ? in_folders(config, clips.dataset)
                             : find_clip(dataset_, clip_, config.classes, needs, clips.dataset);
        const ClipFiles files = part_asked_for(options, listed.files);
        Progress progress(notes);
        const Stopwatch watch;
        Explanation explanation;
        with_batch_hint(
            {.config = config, .machine = machine_, .clips = 1, .offers_bf16 = false, .option = ""},
            [&] {
                explanation = explain(
                    *loaded.model, files, clips, listed.label, [&](int64_t done, int64_t total) {
                        progress.update(count_text("pass", done, total, watch.seconds()));
                    });
            });
        const double seconds = watch.seconds();
        const std::string page =
            clip_page(explanation,
                      film_of(files, clips, explanation.clip.view.frames, most_film_frames), config,
                      {.clip = files.name,
                       .weights = model_.weights,
                       .classes = names,
                       .first_number = files.names.first + files.first,
                       .seconds = seconds});
        write_file(output_, page);
        progress.line(passes_text(explanation) + ", " + duration_text(seconds) + "; wrote " +
                      output_ + " (" + bytes_text(std::ssize(page)) + ")");
        for (const std::string& missing : missing_figures(config, explanation.clip.view.frames))
            notes << "not on the page: " << missing << "\n";
    }
};

}  // namespace

const CommandEntry explain_command = {
    "explain", "what the model sees of one clip, and what its answer rests on, as a page",
    "Writes one HTML file that needs nothing else: the clip's frames with joints and boxes, the\n"
    "cells of the feature map that each box reads, the attention of both paths, the routing\n"
    "weights, the MAC similarity, Grad-CAM, and the class probabilities with body parts or frames\n"
    "taken away. The last are computed by taking them away: the clip passes through the model at\n"
    "most 17 times. docs/explain.md says what each figure means.\n\n"
    "Example: microdualnet explain my_data/frames/c1 --weights runs/tiny/best.safetensors\n"
    "         microdualnet explain c1 --data my_data --weights runs/tiny/best.safetensors\n"
    "         microdualnet explain day1 --keypoints day1_pose --from 481 --to 528 \\\n"
    "             --weights W.safetensors --output window.html\n",
    [] { return std::unique_ptr<Command>(new ExplainCommand); }};

}  // namespace mdn
