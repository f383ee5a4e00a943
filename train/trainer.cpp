#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "engine/allocator.h"
#include "engine/autograd.h"
#include "engine/files/atomic_file.h"
#include "engine/threads.h"
#include "model/summary.h"
#include "train/batch_hint.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/keypoint_warnings.h"
#include "train/load_model.h"
#include "train/output/format.h"
#include "train/output/report.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

std::unique_ptr<Loader> make_loader(const TrainRun& run, const ClassNames& classes,
                                    const std::string& split, bool training) {
    ClipOptions clips =
        clip_options(run.config, training ? Sampling::train : Sampling::test, run.cache_bytes / 2);
    clips.min_crop_scale = run.settings.min_crop_scale;
    clips.keypoints = run.settings.reading.keypoint_options();
    clips.dataset = run.settings.reading.dataset_options();
    return std::make_unique<Loader>(
        read_split(run.data, split, classes.count(), clip_needs(run.config), clips.dataset), clips,
        LoaderOptions{.batch_size = run.settings.batch,
                      .workers = run.workers,
                      .ahead = 2,
                      .order = training ? run.settings.sampler : Order::listed,
                      .drop_last_single = training,
                      .seed = static_cast<uint64_t>(run.settings.seed)});
}

/// A step of the run, for what to do when it does not fit into memory.
BatchWork batch_of(const TrainRun& run, const Loader& train) {
    return {.config = run.config,
            .machine = run.machine,
            .clips = std::min<int64_t>(run.settings.batch, std::ssize(train.clips())),
            .trained_with = run.settings.optimizer};
}

}  // namespace

std::string last_checkpoint(const std::string& run) { return run + "/last.safetensors"; }
std::string best_checkpoint(const std::string& run) { return run + "/best.safetensors"; }
std::string log_file(const std::string& run) { return run + "/log.jsonl"; }
std::string report_file(const std::string& run) { return run + "/report.html"; }

Trainer::Trainer(TrainRun run, std::ostream& out) : run_(std::move(run)), progress_(out) {
    const TrainSettings& settings = run_.settings;
    if (!is_utf8(run_.data))  // checkpoints could not say it
        throw Error("--data " + run_.data + ": the folder's name is not UTF-8", "rename it");
    classes_ = read_class_names(run_.data);
    check_class_count(run_.config.classes, classes_.count(), run_.data);
    train_ = make_loader(run_, classes_, "train", true);
    if (settings.validates()) val_ = make_loader(run_, classes_, settings.val, false);
    schedule_ = settings.schedule_for(train_->batches());

    say_what_is_trained();
    model_ = make_model(run_.config, static_cast<uint64_t>(settings.seed), run_.machine);
    optimizer_ = std::make_unique<Optimizer>(model_->parameters(), settings.optimizer_options());
    step_ = std::make_unique<TrainingStep>(*model_, *optimizer_, !run_.machine.no_recording,
                                           settings.label_smoothing);
    if (run_.resume) {
        go_on_from_checkpoint();
        return;
    }
    if (!run_.init.empty())
        progress_.line(load_weights(model_->parameters(), read_weights(run_.init)).message());
    check_folder();
}

void Trainer::say_what_is_trained() {
    const ModelSummary summary = summarize(run_.config);
    const int64_t parameters = summary.total.parameters;
    const int64_t clips = batch_of(run_, *train_).clips;
    const TrainingMemory memory = estimate_training_memory(
        run_.config, clips, run_.settings.optimizer, run_.machine.activations());
    progress_.line(
        format("%s: %.1f M parameters, %.2f GMAC per clip; %lld training clips",
               run_.config.preset.c_str(), static_cast<double>(parameters) * 1e-6,
               static_cast<double>(summary.total.macs) * 1e-9,
               static_cast<long long>(train_->clips().size())) +
        (val_ ? format(", %lld for validation", static_cast<long long>(val_->clips().size()))
              : ""));
    const std::string note = val_ ? open_dataset(run_.data)->note(run_.settings.val) : "";
    if (!note.empty()) progress_.line(note);
    progress_.line(format("%d threads, about %s of memory for a step of %lld clips",
                          static_cast<int>(threads()), bytes_text(memory.peak).c_str(),
                          static_cast<long long>(clips)));
    warn_of_memory();
    warn_of_keypoints(*train_, "train", progress_);
    if (val_) warn_of_keypoints(*val_, run_.settings.val, progress_);
    if (const std::string rates = run_.settings.rates_text(); !rates.empty())
        progress_.line("learning rates: " + rates);
}

void Trainer::warn_of_memory() {
    const auto warning =
        memory_warning(batch_of(run_, *train_), available_memory(run_.machine.device));
    if (!warning) return;
    progress_.line("warning: " + warning->text);
    progress_.line("hint: " + warning->hint);
}

void Trainer::check_folder() const {
    std::error_code error;
    const bool has_run = is_file(last_checkpoint(run_.out)) || is_file(log_file(run_.out));
    if (has_run && !run_.overwrite)
        throw Error(
            "--out " + run_.out + " already holds a run",
            "continue it with --resume, replace it with --overwrite, or give another --out");
    const bool empty = !fs::exists(run_.out, error) || fs::is_empty(run_.out, error);
    if (error) throw Error("cannot read the folder " + run_.out + ": " + error.message());
    if (!has_run && !empty)
        throw Error("--out " + run_.out + " exists and is not an empty folder",
                    "give another --out");
}

void Trainer::make_folder() {
    std::error_code error;
    for (const std::string& file : {last_checkpoint(run_.out), best_checkpoint(run_.out),
                                    log_file(run_.out), report_file(run_.out)})
        fs::remove(file, error);
    fs::create_directories(run_.out, error);
    if (error) throw Error("cannot make the folder " + run_.out + ": " + error.message());
    log_ = std::make_unique<Log>(log_file(run_.out), 0);
    // So that a run can be resumed, and has a last good state, from its first step on.
    save(last_checkpoint(run_.out));
}

/// The weights alone do not show another loss weight or dropout.
void Trainer::check_same_config(const SafetensorsFile& file) const {
    const auto stored = file.metadata.find(metadata_config);
    if (stored == file.metadata.end())
        throw Error(file.path + " does not say which config it belongs to: no run wrote it");
    // Read and written again, so that a key that was not there yet has its default.
    std::istringstream was(to_json(parse_config(stored->second, file.path)));
    std::istringstream now(to_json(run_.config));
    for (std::string before, after; std::getline(was, before) && std::getline(now, after);)
        if (before != after)
            throw Error("the run in " + run_.out + " was started with another config: it had" +
                            before + " instead of" + after,
                        "leave --config and --preset out, or start another run");
}

void Trainer::go_on_from_checkpoint() {
    const SafetensorsFile file = read_safetensors(last_checkpoint(run_.out));
    load_weights(model_->parameters(), file);
    check_same_config(file);
    position_ = load_training_state(*optimizer_, file);
    if (position_.batch > train_->batches() ||
        position_.step != position_.epoch * train_->batches() + position_.batch)
        throw Error("the run in " + run_.out + " was trained on a dataset of another size",
                    "resume with the dataset it was started with");
    const auto stored = file.metadata.find("threads");
    if (stored != file.metadata.end() && stored->second != std::to_string(threads()))
        progress_.line("note: the run was started with " + stored->second +
                       " threads; rounding will differ from that of an uninterrupted run");
    log_ = std::make_unique<Log>(log_file(run_.out), position_.log_bytes);
    steps_before_ = position_.step;
    if (position_.epoch < run_.settings.epochs)
        progress_.line(format("resumed at epoch %lld, step %lld",
                              static_cast<long long>(position_.epoch + 1),
                              static_cast<long long>(position_.step)));
}

void Trainer::run() {
    if (position_.epoch >= run_.settings.epochs)
        progress_.line("the run is complete: nothing is left to train");
    clock_ = Stopwatch();
    with_batch_hint(batch_of(run_, *train_), [&] {
        while (position_.epoch < run_.settings.epochs) train_epoch();
    });
}

void Trainer::train_epoch() {
    const Stopwatch watch;
    if (position_.batch == 0) {
        position_.loss = position_.loss_ce = position_.loss_mac = 0;
        position_.clips = position_.without_person = 0;
    }
    train_->start(position_.epoch, position_.batch);
    std::optional<Batch> batch = next_batch();
    // Only now that clips can be read is an older run replaced.
    if (!log_) make_folder();
    if (batch) bring(*batch, position_.step);
    while (batch) {
        step_->start();
        std::optional<Batch> following = next_batch();
        if (following) bring(*following, position_.step + 1);
        const double loss = finish_step(*batch);
        batch = std::move(following);
        say_pace();
        progress_.update(status(loss));
        if (run_.save_every > 0 && position_.step % run_.save_every == 0 &&
            position_.batch < train_->batches())
            save(last_checkpoint(run_.out));
    }
    finish_epoch(watch.seconds());
}

std::optional<Batch> Trainer::next_batch() {
    try {
        return train_->next();
    } catch (const Error& error) {
        if (!log_) throw;
        throw Error(error.what(), "once that is fixed, --resume continues the run" +
                                      (error.hint().empty() ? "" : "; " + error.hint()));
    }
}

std::string Trainer::hint_to_go_back() const {
    return last_checkpoint(run_.out) + " holds the last good state; try a lower --lr or --clip";
}

void Trainer::bring(const Batch& batch, int64_t step) {
    step_->bring({.inputs = model_inputs(batch.tensors),
                  .labels = batch.labels,
                  .seed = run_.settings.seed,
                  .step = step,
                  .learning_rate = learning_rate(schedule_, step)});
}

double Trainer::finish_step(const Batch& batch) {
    StepResult result;
    try {
        result = step_->finish();
    } catch (const NonFinite& error) {
        throw NonFinite(format("step %lld (epoch %lld): ", static_cast<long long>(position_.step),
                               static_cast<long long>(position_.epoch + 1)) +
                            error.what(),
                        hint_to_go_back());
    }
    log_->write({{"kind", "step"},
                 {"epoch", position_.epoch + 1},
                 {"step", position_.step},
                 {"lr", learning_rate(schedule_, position_.step)},
                 {"loss", result.loss},
                 {"loss_ce", result.loss_ce},
                 {"loss_mac", result.loss_mac},
                 {"gradient_norm", result.gradient_norm}});
    const auto clips = static_cast<double>(batch.labels.numel());
    ++position_.step;
    ++position_.batch;
    position_.loss += result.loss * clips;
    position_.loss_ce += result.loss_ce * clips;
    position_.loss_mac += result.loss_mac * clips;
    position_.clips += batch.labels.numel();
    position_.without_person += batch.without_person;
    return result.loss;
}

std::string Trainer::status(double loss) const {
    const int64_t total = run_.settings.epochs * train_->batches();
    const auto steps = static_cast<double>(position_.step - steps_before_);
    const double seconds = clock_.seconds();
    return format(
        "epoch %lld/%lld  batch %lld/%lld  loss %.4f  %.1f clips/s  ETA %s",
        static_cast<long long>(position_.epoch + 1), static_cast<long long>(run_.settings.epochs),
        static_cast<long long>(position_.batch), static_cast<long long>(train_->batches()), loss,
        steps * static_cast<double>(run_.settings.batch) / seconds,
        duration_text(seconds / steps * static_cast<double>(total - position_.step)).c_str());
}

/// Once, as soon as steps can be timed: after two seconds, or where the first epoch is shorter at
/// its end. The first step also sets up, so that it counts only where it is the only one.
void Trainer::say_pace() {
    if (pace_is_said_) return;
    const int64_t steps = position_.step - steps_before_, per_epoch = train_->batches();
    const double seconds = clock_.seconds();
    if (steps == 1) first_step_seconds_ = seconds;
    if (seconds < 2 && position_.batch < per_epoch) return;
    pace_is_said_ = true;
    const double pace =
        steps == 1 ? seconds : (seconds - first_step_seconds_) / static_cast<double>(steps - 1);
    const auto left = [&](int64_t until) {
        return duration_text(pace * static_cast<double>(until - position_.step));
    };
    const int64_t epochs = run_.settings.epochs;
    progress_.line(
        format("%.3g s per step, %lld steps per epoch: epoch %lld ends in about %s, the run in "
               "about %s",
               pace, static_cast<long long>(per_epoch), static_cast<long long>(position_.epoch + 1),
               left((position_.epoch + 1) * per_epoch).c_str(), left(epochs * per_epoch).c_str()) +
        (val_ ? ", not counting validation" : ""));
}

Evaluation Trainer::validate() {
    try {
        return evaluate(*model_, *val_, {.record = !run_.machine.no_recording}, [&](int64_t done) {
            progress_.update(format("validating %lld/%lld", static_cast<long long>(done),
                                    static_cast<long long>(val_->clips().size())));
        });
    } catch (const NonFinite& error) {
        throw NonFinite(
            format("after step %lld (epoch %lld): ", static_cast<long long>(position_.step - 1),
                   static_cast<long long>(position_.epoch + 1)) +
                error.what(),
            hint_to_go_back());
    }
}

void Trainer::finish_epoch(double seconds) {
    const int64_t epoch = position_.epoch + 1;
    const auto clips = static_cast<double>(position_.clips);
    LogFields fields = {{"kind", "epoch"},
                        {"epoch", epoch},
                        {"train_loss", position_.loss / clips},
                        {"train_loss_ce", position_.loss_ce / clips},
                        {"train_loss_mac", position_.loss_mac / clips},
                        {"train_without_person", position_.without_person},
                        {"train_seconds", seconds}};
    std::string line =
        format("epoch %lld/%lld  train loss %.4f (CE %.4f, MAC %.4f)",
               static_cast<long long>(epoch), static_cast<long long>(run_.settings.epochs),
               position_.loss / clips, position_.loss_ce / clips, position_.loss_mac / clips);
    bool best = false;
    const bool last = epoch == run_.settings.epochs;
    if (val_ && (last || epoch % run_.settings.val_every == 0)) {
        const Evaluation evaluation = validate();
        const Metrics metrics = compute_metrics(evaluation.predictions, classes_);
        best = metrics.top1 > position_.best_top1;
        if (best) {
            position_.best_top1 = metrics.top1;
            position_.best_epoch = epoch;
            write_file(report_file(run_.out),
                       report_html(metrics, run_.config.entities,
                                   run_.config.preset + ", " + run_.settings.val + ", epoch " +
                                       std::to_string(epoch)));
        }
        fields.insert(fields.end(), {{"val_loss", metrics.loss},
                                     {"val_top1", metrics.top1},
                                     {"val_top5", metrics.top5},
                                     {"val_f1_macro", metrics.action.macro},
                                     {"val_without_person", evaluation.without_person}});
        if (metrics.has_body) fields.emplace_back("val_f1_mean", metrics.f1_mean);
        if (!metrics.alpha_st.empty()) fields.emplace_back("val_alpha_st", metrics.alpha_st);
        line += format("  val loss %.4f  Top-1 %.2f %%  Top-5 %.2f %%%s", metrics.loss,
                       metrics.top1, metrics.top5, best ? "  (best)" : "");
    }
    line += format("  %.1f clips/s", clips / seconds);
    if (position_.without_person > 0)
        line += format("  clips without a visible person: %lld",
                       static_cast<long long>(position_.without_person));
    log_->write(fields);
    progress_.line(line);

    position_.epoch = epoch;
    position_.batch = 0;
    // `best` first: were the process killed between the two, resuming from the older `last` would
    // come here again and write the same `best`.
    if (best) save(best_checkpoint(run_.out));
    save(last_checkpoint(run_.out));
}

void Trainer::save(const std::string& path) {
    log_->sync();
    position_.log_bytes = log_->bytes();
    std::map<std::string, std::string> metadata = run_.settings.to_text();
    metadata[metadata_config] = to_json(run_.config);
    metadata["threads"] = std::to_string(threads());
    metadata["data"] = run_.data;
    std::string& names = metadata[metadata_classes];
    for (const std::string& name : classes_.names) names += name + "\n";
    save_checkpoint(path, model_->parameters(), *optimizer_, position_, metadata);
}

}  // namespace mdn
