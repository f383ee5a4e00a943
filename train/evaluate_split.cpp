#include "train/evaluate_split.h"

#include "data/formats/dataset_format.h"
#include "train/batch_hint.h"
#include "train/checkpoints/checkpoint.h"
#include "train/keypoint_warnings.h"
#include "train/report/evaluation_data.h"

namespace mdn {

SplitEvaluation evaluate_split(const LoadedModel& loaded, const SplitOptions& options,
                               Progress& progress) {
    const Config& config = loaded.model->config();
    SplitEvaluation result;
    result.classes = read_class_names(options.data);
    ClipOptions clips = clip_options(config, Sampling::test);
    options.views.apply(clips);
    clips.keypoints = options.reading.keypoint_options();
    clips.dataset = options.reading.dataset_options();
    result.loader = std::make_unique<Loader>(
        read_split(options.data, options.split, result.classes.count(), clip_needs(config),
                   clips.dataset),
        clips, LoaderOptions{.batch_size = options.batch, .workers = options.workers});
    Loader& loader = *result.loader;

    warn_of_keypoints(loader, options.split, progress);
    if (const std::string note = open_dataset(options.data)->note(options.split); !note.empty())
        progress.line(note);
    const Stopwatch watch;
    with_batch_hint(
        {.config = config,
         .machine = options.machine,
         .clips = options.batch,
         .views = clips.views()},
        [&] {
            const auto tell = clip_progress(progress, std::ssize(loader.clips()));
            ProfileTrace trace(options.trace.file, options.trace.steps, options.machine.device);
            result.evaluation =
                evaluate(*loaded.model, loader,
                         {.views = clips.views(), .record = !options.machine.no_recording},
                         [&](int64_t done) {
                             tell(done);
                             trace.step_done();
                         });
            trace.finish();
        });
    result.seconds = watch.seconds();
    result.metrics = compute_metrics(result.evaluation.predictions, result.classes);
    if (result.evaluation.without_person > 0)
        progress.line(without_person_text("clips", result.evaluation.without_person, config));
    return result;
}

nlohmann::ordered_json report_data(const LoadedModel& loaded, const SplitOptions& options,
                                   const SplitEvaluation& evaluated) {
    const auto& metadata = loaded.stored.metadata;
    const auto step = metadata.find(metadata_step);
    nlohmann::ordered_json data =
        evaluation_data(evaluated.evaluation, evaluated.metrics, evaluated.classes, *loaded.model,
                        {.command = "eval",
                         .data = options.data,
                         .split = options.split,
                         .weights = loaded.stored.path,
                         .step = step == metadata.end() ? "" : step->second,
                         .settings = run_settings(metadata),
                         .clips = options.views.clips,
                         .crops = options.views.crops,
                         .not_as_trained = options.not_as_trained,
                         .seconds = evaluated.seconds});
    add_clips(data, evaluated.evaluation, *loaded.model, *evaluated.loader);
    return data;
}

}  // namespace mdn
