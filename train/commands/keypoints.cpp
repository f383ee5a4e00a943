#include <algorithm>
#include <charconv>
#include <filesystem>

#include "data/file.h"
#include "data/formats/dataset_folder.h"
#include "data/keypoints/formats/conversion.h"
#include "data/keypoints/formats/open_source.h"
#include "data/keypoints/formats/split_lists.h"
#include "engine/error.h"
#include "train/commands/command.h"
#include "train/output/format.h"
#include "train/output/progress.h"

namespace mdn {

namespace {

namespace fs = std::filesystem;

Choices<const Skeleton*> layouts() {
    Choices<const Skeleton*> choices = {{"auto", nullptr}};
    for (const Skeleton& skeleton : skeletons()) choices.emplace_back(skeleton.option, &skeleton);
    return choices;
}

/// "COCO-17 (17 joints, assumed from their number: …)".
std::string layouts_text(const PersonBuilder& builder, bool asked) {
    std::string text;
    for (const auto& [skeleton, people] : builder.people()) {
        text.append(text.empty() ? "" : ", ").append(skeleton->name);
        text.append(" (").append(std::to_string(skeleton->size())).append(" joints");
        const auto others = skeletons_like(*skeleton);
        if (asked) {
            text.append(", by --layout");
        } else if (builder.was_named(*skeleton)) {
            text.append(", by their names in the source");
        } else {
            text.append(", assumed from their number: the source names none");
            if (!others.empty()) {
                text.append("; ").append(others.front()->name);
                text.append(" has as many, and --layout ").append(others.front()->option);
                text.append(" reads it");
            }
        }
        text.append(")");
        if (builder.people().size() > 1)
            text.append(" of ").append(std::to_string(people)).append(" people");
    }
    return text.empty() ? "none: nobody is there" : text;
}

/// What the source's confidences tell, and what they leave open.
std::string confidences_text(const ConversionPlan& plan, const PersonBuilder& builder) {
    if (plan.people == 0 || plan.joints == 0) return "none: nobody is there";
    const std::int64_t without = builder.people_without_confidences();
    if (without == plan.people)
        return "none in the source: every joint counts as seen, guessed ones too, except at (0, 0)";
    const auto [least, largest] = std::pair(plan.least_confidence, plan.largest_confidence);
    if (least == 1 && largest == 1)
        return "1 for every joint: those that were guessed cannot be told from others";
    std::string text = format("%.2f to %.2f", least, largest);
    if (without > 0)
        text.append("; none for ")
            .append(std::to_string(without))
            .append(" people, whose every ")
            .append("joint counts as seen");
    return text;
}

class KeypointsCommand final : public Command {
    std::string source_, out_, clip_, first_frame_ = "auto", protocol_;
    const Skeleton* layout_ = nullptr;
    bool lists_ = false, overwrite_ = false, dry_run_ = false;

    ConversionOptions conversion() const {
        ConversionOptions options{.dataset = dataset_of(out_),
                                  .first_frame = std::nullopt,
                                  .lowest_first = first_frame_ == "lowest",
                                  // A trial says what it would write, whatever is there.
                                  .overwrite = overwrite_ || dry_run_};
        if (options.lowest_first || first_frame_ == "auto") return options;
        std::int64_t number = 0;
        const char* end = first_frame_.data() + first_frame_.size();
        const auto [stop, failure] = std::from_chars(first_frame_.data(), end, number);
        if (failure != std::errc() || stop != end || number < 0)
            throw Error("--first-frame must be a number, auto or lowest, not '" + first_frame_ +
                        "'");
        options.first_frame = number;
        return options;
    }

    /// Files that are read must not be those that are written.
    void check_apart(const fs::path& dataset) const {
        const fs::path target = dataset / "keypoints";
        if (is_folder(target) && stays_inside(target, source_))
            throw Error("SOURCE " + source_ + " lies in " + target.string() +
                            ", where the result is to be written",
                        "rename that folder first, or give another --out");
    }

    void say_found(const OpenedSource& opened, const ConversionPlan& plan,
                   const PersonBuilder& builder, std::ostream& out) const {
        out << "format:     " << opened.source->format() << "\n"
            << "files:      " << opened.files << " read";
        if (opened.others > 0)
            out << ", " << opened.others << " others left alone ("
                << opened.examples.front().string() << ")";
        out << "\nlayout:     " << layouts_text(builder, layout_ != nullptr) << "\n"
            << "clips:      " << plan.clips.size() << ", of " << plan.frames << " frames; "
            << plan.empty_frames << " of these show nobody\n"
            << "people:     " << plan.people << ", at most " << plan.most_people << " in a frame\n"
            << "confidence: " << confidences_text(plan, builder) << "\n"
            << "scale:      " << plan.scale << "\n"
            << "numbering:  " << opened.source->numbering() << "; " << plan.numbering << "\n";
        if (const FoundSplits* splits = opened.source->splits()) {
            out << "splits:    ";
            for (const auto& [name, clips] : *splits)
                out << " " << name << " (" << clips.size() << ")";
            out << "\n";
        }
        constexpr std::size_t shown = 3;
        for (std::size_t i = 0; i < std::min(shown, plan.clips.size()); ++i)
            out << (i == 0 ? "for one:    " : "            ") << plan.clips[i].name << ", "
                << plan.clips[i].length << " frames: number " << plan.clips[i].first
                << " becomes the first\n";
        if (builder.joints_at_zero() > 0)
            out << "joints:     " << builder.joints_at_zero()
                << " at exactly (0, 0) with some confidence: written as not seen\n";
    }

  public:
    void declare(CommandLine& options) override {
        options.positional("SOURCE", source_,
                           "file or folder that a pose estimator wrote; its format is detected");
        options.reads("SOURCE");
        options.text("--out", out_, "DIR",
                     "dataset folder: keypoints go to DIR/keypoints/CLIP; frames in "
                     "DIR/frames/CLIP tell lengths and sizes");
        options.require("--out");
        options.choice("--layout", layout_, layouts(),
                       "order of the joints, where their number does not tell");
        options.text("--first-frame", first_frame_, "N",
                     "number that the source gives a clip's first frame, or lowest: the lowest in "
                     "each clip");
        options.text("--clip", clip_, "NAME", "name of the clip, for a source that is one");
        options.flag("--lists", lists_,
                     "write labels.txt and lists from the splits and labels of a skeleton pickle");
        options.text("--protocol", protocol_, "NAME",
                     "which of its splits: xsub takes xsub_train and xsub_val");
        options.flag("--overwrite", overwrite_, "replace keypoints of clips that are there");
        options.flag("--dry-run", dry_run_, "only say what was found and would be written");
    }

    void run(const CommandLine& options, std::ostream& out, std::ostream& notes) override {
        const ConversionOptions conversion = this->conversion();
        if (options.given("--protocol") && !lists_)
            throw Error("--protocol has no effect without --lists");
        check_apart(conversion.dataset);
        const SourceOptions source{.source = source_, .clip = clip_};
        PersonBuilder builder(layout_);
        OpenedSource opened = open_keypoint_source(source, builder);
        if (!clip_.empty() && opened.source->count() != 1)
            throw Error("--clip names a single clip, but SOURCE holds " +
                        std::to_string(opened.source->count()));
        ConversionPlan plan;
        {
            Progress progress(out);
            const auto tell = count_progress(progress, "reading clip");
            const auto clips = static_cast<std::int64_t>(opened.source->count());
            plan = plan_conversion(*opened.source, conversion, [&](std::size_t done) {
                tell(static_cast<std::int64_t>(done), clips);
            });
        }
        SplitLists lists;
        if (lists_) {
            if (!opened.source->splits())
                throw Error("SOURCE " + source_ + " has no splits to make lists of",
                            "microdualnet lists writes lists by the names of the clips");
            lists = make_split_lists(*opened.source->splits(), plan, conversion.dataset, protocol_);
            check_split_lists(lists, conversion.dataset, overwrite_ || dry_run_);
        }
        say_found(opened, plan, builder, out);
        if (const std::int64_t without = builder.people_without_confidences(); without > 0)
            notes << "warning: the source gives no confidences for " << without << " of "
                  << plan.people << " people: every joint of theirs counts as seen, guessed ones "
                  << "too, except at (0, 0)\n";
        for (const std::string& warning : plan.warnings) notes << "warning: " << warning << "\n";
        for (const std::string& warning : lists.warnings) notes << "warning: " << warning << "\n";
        if (dry_run_) {
            out << "nothing written (--dry-run)\n";
            return;
        }
        write(*opened.source, conversion, plan, lists, out);
        const fs::path& dataset = conversion.dataset;
        out << "wrote " << plan.frames << " files of " << plan.clips.size() << " clips to "
            << (dataset / "keypoints").string() << "\n";
        for (const auto& [name, text] : lists.files)
            out << "wrote " << (dataset / name).string() << "\n";
        out << "next: microdualnet " << (is_file(dataset / "labels.txt") ? "check " : "lists ")
            << dataset.string() << "\n";
    }

  private:
    static void write(KeypointSource& source, const ConversionOptions& conversion,
                      const ConversionPlan& plan, const SplitLists& lists, std::ostream& out) {
        Progress progress(out);
        const auto tell = count_progress(progress, "writing clip");
        write_conversion(source, conversion, plan, [&](std::size_t done) {
            tell(static_cast<std::int64_t>(done), std::ssize(plan.clips));
        });
        write_split_lists(lists, conversion.dataset);
    }
};

}  // namespace

const CommandEntry keypoints_command = {
    "keypoints", "convert other pose estimators' output to keypoint files",
    "Detects the format from what the files hold, says what it found, and writes\n"
    "DIR/keypoints/CLIP/img_00001_keypoints.json ... with joints in BODY_25. It reads:\n"
    "  MMPose and RTMPose   inferencer and demo scripts, JSON of videos and of pictures\n"
    "  AlphaPose            its list, and --format open and cmu\n"
    "  COCO                 results and annotations\n"
    "  ControlNet, DWPose   OpenPose's form with canvas_width, one file or a list\n"
    "  Ultralytics          save_txt of pose models\n"
    "  ST-GCN, mmskeleton   Kinetics-skeleton JSON\n"
    "  MMAction2, PYSKL     skeleton pickles; nothing in them is run\n"
    "of 17, 18, 25, 26, 133 or 136 joints, or of any order that COCO annotations name.\n"
    "Try --dry-run first: it shows how joints and frames are read.\n"
    "A clip is written whole or not at all.\n\n"
    "Example: microdualnet keypoints predictions/ --out my_data --dry-run\n"
    "         microdualnet keypoints alphapose-results.json --out my_data --clip P01_walk_003\n"
    "         microdualnet keypoints ntu60_hrnet.pkl --out ntu60 --lists --protocol xsub\n",
    [] { return std::unique_ptr<Command>(new KeypointsCommand); }};

}  // namespace mdn
