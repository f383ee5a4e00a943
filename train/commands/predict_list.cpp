#include "train/commands/predict_list.h"

#include "data/loader.h"
#include "engine/files/atomic_file.h"
#include "train/evaluate.h"
#include "train/keypoint_warnings.h"
#include "train/load_model.h"
#include "train/output/progress.h"
#include "train/output/submission.h"
#include "train/settings/split_flag.h"

namespace mdn {

void PredictListFlags::declare(CommandLine& options) {
    options.text("--split", split, "NAME",
                 "with --dataset: predict the list train, val or test instead of one clip");
    options.text(
        "--submission", submission, "FILE",
        "write the MA-52 challenge's zip file for the list (test unless --split is given)");
    options.text("--predictions", predictions, "FILE",
                 "write a CSV file with the likeliest classes of every clip of the list");
}

void predict_list(const PredictListFlags& flags, MicroDualNet& model, const std::string& dataset,
                  const ClipOptions& clips, BatchReading reading, int64_t top, std::ostream& out) {
    if (dataset.empty())
        throw Error("--dataset is missing: a list is taken from a dataset", "give --dataset DIR");
    if (flags.submission.empty() && flags.predictions.empty())
        throw Error("nothing to write", "give --submission FILE or --predictions FILE");
    const Config& config = model.config();
    const ClassNames classes = read_class_names(dataset);
    if (!flags.submission.empty()) check_submission_classes(classes, dataset);
    ClipNeeds needs = clip_needs(config);
    needs.label = false;
    const std::string list = flags.split.empty() ? "test" : flags.split;
    check_split("--split", dataset, list);
    Loader loader(read_split(dataset, list, classes.count(), needs, clips.dataset), clips,
                  {.batch_size = reading.batch, .workers = reading.workers});

    Progress progress(out);
    warn_of_keypoints(loader, list, progress);
    const Evaluation evaluation =
        evaluate(model, loader, {.views = clips.views(), .record = reading.record},
                 clip_progress(progress, std::ssize(loader.clips())));
    const auto write = [&](const std::string& path, const std::string& bytes) {
        if (path.empty()) return;
        write_file(path, bytes);
        progress.line("wrote " + path + ": " + std::to_string(loader.clips().size()) +
                      " clips of the " + list + " list");
    };
    if (!flags.submission.empty())
        write(flags.submission, submission_zip(evaluation.predictions, classes));
    write(flags.predictions, predictions_csv(evaluation.predictions, classes, top));
    if (evaluation.without_person > 0)
        progress.line(without_person_text("clips", evaluation.without_person, config));
}

}  // namespace mdn
