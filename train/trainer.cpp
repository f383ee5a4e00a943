#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "data/file.h"
#include "data/formats/dataset_format.h"
#include "engine/allocator.h"
#include "engine/autograd.h"
#include "engine/files/atomic_file.h"
#include "engine/threads.h"
#include "model/summary.h"
#include "train/batch_hint.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/checkpoints/trained_classes.h"
#include "train/keypoint_warnings.h"
#include "train/load_model.h"
#include "train/output/counted.h"
#include "train/output/format.h"
#include "train/output/number_text.h"
#include "train/parallel/gather_evaluation.h"
#include "train/parallel/slowest_rank.h"
#include "train/report/evaluation_data.h"
#include "train/report/report.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

LoaderPart part_of(const TrainRun& run) {
    if (!run.ranks) return {};
    return {.rank = run.ranks->rank(), .ranks = run.ranks->ranks()};
}

/// Each rank needs a clip in every step, but for an epoch's last.
void check_batch(const TrainRun& run) {
    if (!run.ranks || run.settings.batch >= run.ranks->ranks()) return;
    throw Error("--batch " + std::to_string(run.settings.batch) +
                    " are the clips of a step, which " + std::to_string(run.ranks->ranks()) +
                    " ranks share: some would have none",
                "give a larger --batch, or start fewer ranks");
}

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
                      .seed = static_cast<uint64_t>(run.settings.seed),
                      .part = part_of(run)});
}

/// A step of the run, for what to do when it does not fit into memory.
BatchWork batch_of(const TrainRun& run, const Loader& train) {
    return {.config = run.config,
            .machine = run.machine,
            .clips = shares_of(std::min<int64_t>(run.settings.batch, std::ssize(train.clips())),
                               part_of(run).ranks)
                         .front(),
            .trained_with = run.settings.optimizer,
            .recompute = run.settings.what_is_recomputed(),
            .offers_recompute = true};
}

/// The steps made when a checkpoint was written; as many as can be if it does not say.
int64_t step_of(const std::string& checkpoint) {
    if (!is_file(checkpoint)) return INT64_MAX;
    const SafetensorsReader stored(open_file(checkpoint));
    const auto step = stored.metadata().find(metadata_step);
    return step == stored.metadata().end() ? INT64_MAX : integer_from(step->second, checkpoint);
}

}  // namespace

Trainer::Trainer(TrainRun run, const RunFolder* folder, std::ostream& out)
    : run_(std::move(run)), folder_(folder), progress_(out) {
    const TrainSettings& settings = run_.settings;
    check_batch(run_);
    if (run_.ranks) stops_together_.emplace();
    if (!is_utf8(run_.data))  // checkpoints could not say it
        throw Error("--data " + run_.data + ": the folder's name is not UTF-8", "rename it");
    classes_ = read_class_names(run_.data);
    check_class_count(run_.config.classes, classes_.count(), run_.data);
    train_ = make_loader(run_, classes_, "train", true);
    if (settings.validates()) val_ = make_loader(run_, classes_, settings.val, false);
    schedule_ = settings.schedule_for(train_->batches());

    say_what_is_trained();
    const bool all_loaded = run_.resume || (!run_.init.empty() && run_.init_part.empty());
    model_ =
        make_model(run_.config,
                   all_loaded ? std::nullopt : std::optional(static_cast<uint64_t>(settings.seed)),
                   run_.machine);
    optimizer_ = std::make_unique<Optimizer>(model_->parameters(), settings.optimizer_options());
    if (run_.ranks) join_devices();
    step_ = std::make_unique<TrainingStep>(
        *model_, *optimizer_, !run_.machine.no_recording, settings.label_smoothing,
        settings.what_is_recomputed(),
        StepRanks{run_.ranks, settings.sync_batch_norm, settings.mac_gather, run_.buckets});
    learn_threads();
    if (writes() && run_.resume) {
        go_on_from_checkpoint();
    } else if (writes() && !run_.init.empty()) {
        const SafetensorsFile weights = read_weights(run_.init);
        if (run_.init_part.empty()) check_same_count(weights, classes_.count(), run_.data);
        progress_.line(load_weights(model_->parameters(), weights, run_.init_part).message());
        // Training teaches each output its new class. Who meant the same classes should know.
        const std::string other = class_difference(weights, classes_.names, run_.data);
        if (run_.init_part.empty() && !other.empty()) progress_.line("warning: " + other);
        init_digest_ = weights_digest(weights, run_.init_part);
    }
    if (run_.ranks) share_start();
}

void Trainer::say_what_is_trained() {
    const ModelSummary summary = summarize(run_.config);
    const int64_t parameters = summary.total.parameters;
    const int64_t clips = batch_of(run_, *train_).clips;
    const TrainingMemory memory =
        estimate_training_memory(run_.config, clips, run_.settings.optimizer,
                                 run_.machine.activations(), run_.settings.what_is_recomputed());
    progress_.line(
        format("%s: %.1f M parameters, %.2f GMAC per clip; %lld training clips",
               run_.config.preset.c_str(), static_cast<double>(parameters) * 1e-6,
               static_cast<double>(summary.total.macs) * 1e-9,
               static_cast<long long>(train_->clips().size())) +
        (val_ ? format(", %lld for validation", static_cast<long long>(val_->clips().size()))
              : ""));
    const std::string note = val_ ? open_dataset(run_.data)->note(run_.settings.val) : "";
    if (!note.empty()) progress_.line(note);
    progress_.line(counted(threads(), "thread") + ", about " + bytes_text(memory.peak) +
                   " of memory for a step of " + counted(clips, "clip"));
    warn_of_memory();
    warn_of_keypoints(*train_, "train", progress_);
    if (val_) warn_of_keypoints(*val_, run_.settings.val, progress_);
    if (run_.settings.base_rate() != run_.settings.lr)
        progress_.line(
            format("learning rate %g, as --scale-learning-rate has it for steps of %lld clips",
                   run_.settings.base_rate(), static_cast<long long>(run_.settings.batch)));
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

void Trainer::begin_folder() {
    folder_->empty();
    log_ = std::make_unique<Log>(log_file(run_.out), 0);
    // So that a run can be resumed, and has a last good state, from its first step on.
    save_state();
    keep_state();
}

/// The weights alone do not show another loss weight or dropout.
void Trainer::check_same_config(const SafetensorsFile& file) const {
    const auto stored = file.metadata.find(metadata_config);
    if (stored == file.metadata.end())
        throw Error(file.path + " does not say which config it belongs to: no run wrote it");
    const std::string difference = config_difference(stored->second, file.path, run_.config);
    if (!difference.empty())
        throw Error(
            "the run in " + run_.out + " was started with another config: it had" + difference,
            "leave --config and --preset out, or start another run");
}

void Trainer::go_on_from_checkpoint() {
    folder_->remove_left_overs();
    const std::string newest = newest_checkpoint(run_.out);
    next_waits_ = newest == next_checkpoint(run_.out);
    const SafetensorsFile file = read_safetensors(newest);
    load_weights(model_->parameters(), file);
    check_same_config(file);
    if (const std::string other = check_classes(file, classes_.names, run_.data); !other.empty())
        progress_.line("warning: " + other);
    position_ = load_training_state(*optimizer_, file);
    if (position_.batch > train_->batches() ||
        position_.step != position_.epoch * train_->batches() + position_.batch)
        throw Error("the run in " + run_.out + " was trained on a dataset of another size",
                    "resume with the dataset it was started with");
    if (const auto init = file.metadata.find(metadata_init); init != file.metadata.end())
        init_digest_ = init->second;
    note_other_ranks(file);
    log_ = std::make_unique<Log>(log_file(run_.out), position_.log_bytes);
    if (log_->bytes() != position_.log_bytes)
        progress_.line("warning: " + log_file(run_.out) + " is missing: a new log begins here");
    is_saved_ = log_->bytes() == position_.log_bytes;
    if (position_.epoch < run_.settings.epochs)
        progress_.line(format("resumed at epoch %lld, step %lld",
                              static_cast<long long>(position_.epoch + 1),
                              static_cast<long long>(position_.step)));
}

void Trainer::run() {
    if (!is_saved_ && log_) save_state();  // with the length of the log that begins here
    if (position_.epoch >= run_.settings.epochs) {
        progress_.line("the run is complete: nothing is left to train");
        if (next_waits_) keep_state();  // it was killed at its very end
    } else if (writes()) {
        note_changes();
    }
    pace_.emplace(position_.step, train_->batches(), run_.settings.epochs);
    profile_trace_ = std::make_unique<ProfileTrace>(run_.profile_trace.file,
                                                    run_.profile_trace.steps, run_.machine.device);
    try {
        stop_point();
        if (run_.ranks) run_.ranks->be_patient();
        with_batch_hint(batch_of(run_, *train_), [&] {
            while (position_.epoch < run_.settings.epochs) train_epoch();
        });
    } catch (const Stopped& stopped) {
        // Between two steps, or in a validation, which is then done again from its beginning.
        profile_trace_->finish();
        throw Stopped(stopped.signal(), save_and_say());
    }
    profile_trace_->finish();
}

/// What a resumed run changes holds from here on, also if it is killed before its next checkpoint.
void Trainer::note_changes() {
    for (const auto& [name, before, after] : run_.changes) {
        progress_.line("--" + name + " is " + after + " from here on; it was " + before);
        log_->write({{"kind", "setting"},
                     {"epoch", position_.epoch + 1},
                     {"step", position_.step},
                     {"name", name},
                     {"before", before},
                     {"after", after}});
    }
    if (!run_.changes.empty()) save_state();
}

void Trainer::train_epoch() {
    const Stopwatch watch;
    if (position_.batch == 0) {
        position_.loss = position_.loss_ce = position_.loss_mac = 0;
        position_.clips = position_.without_person = 0;
    }
    const int64_t clips_before = position_.clips;  // of an earlier session
    train_->start(position_.epoch, position_.batch);
    std::optional<Batch> batch = next_batch();
    // Only now that clips can be read is an older run replaced.
    open_event_file();  // before anything is removed, in case it cannot be
    if (!log_ && writes()) begin_folder();
    if (run_.ranks) {
        run_.ranks->be_patient();  // the first step: some hosts read faster
        waited_before_ = run_.ranks->seconds_waited();
        waited_.clear();
    }
    if (events_ && batch) events_->frames(position_.step, *batch);
    if (batch) bring(*batch, position_.step);
    while (batch) {
        step_->start();
        std::optional<Batch> following = next_batch();
        if (following) bring(*following, position_.step + 1);
        const double loss = finish_step(*batch);
        batch = std::move(following);
        profile_trace_->step_done();
        if (const std::string estimate = pace_->first_estimate(position_.step); !estimate.empty())
            progress_.line(estimate + (val_ ? ", not counting validation" : ""));
        if (run_.save_every > 0 && position_.step % run_.save_every == 0 &&
            position_.batch < train_->batches())
            save_state();
        const std::string waiting = waiting_text(watch.seconds());
        progress_.update(status(loss) + (waiting.empty() ? "" : "  " + waiting));
    }
    finish_epoch(watch.seconds(), position_.clips - clips_before);
}

std::optional<Batch> Trainer::next_batch() {
    const Slice slice("wait for a batch");
    try {
        return train_->next();
    } catch (const Error& error) {
        if (!log_) throw;  // or another rank has it
        throw Error(error.what(), "once that is fixed, " + run_.goes_on +
                                      (error.hint().empty() ? "" : "; " + error.hint()));
    }
}

/// After a step or a validation that was not finite: leaves in the folder what is worth going back
/// to, and says what to do.
std::string Trainer::go_back() {
    if (!writes()) return "";
    const std::string last = last_checkpoint(run_.out), best = best_checkpoint(run_.out);
    std::error_code ignored;
    if (std::exchange(next_waits_, false)) fs::remove(next_checkpoint(run_.out), ignored);
    if (position_.step > step_of(last))
        return last +
               " holds the last state from which a step has succeeded: --resume with a lower --lr "
               "or --clip goes on from it";
    if (position_.step == 0)
        return "no step has succeeded yet: look for what is wrong with the data (microdualnet "
               "check), with the weights of --init, or with the config";
    std::string text = "no step from " + last + " succeeds, whatever its rate: ";
    text += "start another run with a lower --lr";
    return is_file(best) ? text + " and --init " + best : text;
}

void Trainer::bring(const Batch& batch, int64_t step) {
    step_->bring({.inputs = model_inputs(batch.tensors),
                  .labels = batch.labels,
                  .seed = run_.settings.seed,
                  .step = step,
                  .learning_rate = learning_rate(schedule_, step),
                  .clips_of_ranks = shares_of(batch.clips_in_all, part_of(run_).ranks)});
}

double Trainer::finish_step(const Batch& batch) {
    StepResult result;
    try {
        result = step_->finish();
    } catch (const NonFinite& error) {
        throw NonFinite(format("step %lld (epoch %lld): ", static_cast<long long>(position_.step),
                               static_cast<long long>(position_.epoch + 1)) +
                            error.what(),
                        go_back());
    }
    write_log(position_.step, {{"kind", "step"},
                               {"epoch", position_.epoch + 1},
                               {"step", position_.step},
                               {"lr", learning_rate(schedule_, position_.step)},
                               {"loss", result.loss},
                               {"loss_ce", result.loss_ce},
                               {"loss_mac", result.loss_mac},
                               {"top1", result.top1},
                               {"gradient_norm", result.gradient_norm}});
    is_saved_ = false;
    if (next_waits_) keep_state();
    const auto clips = static_cast<double>(batch.clips_in_all);
    ++position_.step;
    ++position_.batch;
    position_.loss += result.loss * clips;
    position_.loss_ce += result.loss_ce * clips;
    position_.loss_mac += result.loss_mac * clips;
    position_.clips += batch.clips_in_all;
    int64_t without_person = batch.without_person;
    if (run_.ranks) stop_together(without_person);
    position_.without_person += without_person;
    if (stop_now_ != 0) throw Stopped(stop_now_);
    return result.loss;
}

std::string Trainer::status(double loss) const {
    std::string text = format("epoch %lld/%lld  batch %lld/%lld  loss %.4f  ",
                              static_cast<long long>(position_.epoch + 1),
                              static_cast<long long>(run_.settings.epochs),
                              static_cast<long long>(position_.batch),
                              static_cast<long long>(train_->batches()), loss) +
                       pace_->text(position_.step, run_.settings.batch);
    const std::string beside =
        run_.beside ? run_.beside(position_.step, run_.settings.epochs * train_->batches()) : "";
    return beside.empty() ? text : text + "  " + beside;
}

Evaluation Trainer::validate() {
    try {
        const auto tell = count_progress(progress_, "validating clip");
        const int64_t clips = std::ssize(val_->clips()), ranks = part_of(run_).ranks;
        const auto evaluated = [&] {
            return evaluate(*model_, *val_, {.record = !run_.machine.no_recording},
                            [&](int64_t done) {
                                if (run_.ranks) run_.ranks->still_working();
                                tell(std::min(done * ranks, clips), clips);
                            });
        };
        return run_.ranks ? evaluate_together(evaluated, *run_.ranks) : evaluated();
    } catch (const NonFinite& error) {
        throw NonFinite(
            format("after step %lld (epoch %lld): ", static_cast<long long>(position_.step - 1),
                   static_cast<long long>(position_.epoch + 1)) +
                error.what(),
            go_back());
    }
}

void Trainer::finish_epoch(double seconds, int64_t clips_of_session) {
    if (writes()) folder_->check_is_ours();  // before a report is written
    const int64_t epoch = position_.epoch + 1;
    const auto clips = static_cast<double>(position_.clips);
    LogFields fields = {{"kind", "epoch"},
                        {"epoch", epoch},
                        {"train_loss", position_.loss / clips},
                        {"train_loss_ce", position_.loss_ce / clips},
                        {"train_loss_mac", position_.loss_mac / clips},
                        {"train_without_person", position_.without_person},
                        {"train_seconds", seconds}};
    if (!waited_.empty()) {
        const auto [rank, percent] = slowest_rank(waited_, seconds);
        fields.insert(fields.end(), {{"slowest_rank", rank}, {"waiting_percent", percent}});
    }
    std::string line =
        format("epoch %lld/%lld  train loss %.4f (CE %.4f, MAC %.4f)",
               static_cast<long long>(epoch), static_cast<long long>(run_.settings.epochs),
               position_.loss / clips, position_.loss_ce / clips, position_.loss_mac / clips);
    bool best = false;
    const bool last = epoch == run_.settings.epochs;
    if (val_ && (last || epoch % run_.settings.val_every == 0)) {
        const Stopwatch validation;
        const Evaluation evaluation = validate();
        const Metrics metrics = compute_metrics(evaluation.predictions, classes_);
        best = metrics.top1 > position_.best_top1;
        if (best) {
            position_.best_top1 = metrics.top1;
            position_.best_epoch = epoch;
            if (writes()) keep_report_data(evaluation, metrics, validation.seconds());
        }
        fields.insert(fields.end(), {{"val_loss", metrics.loss},
                                     {"val_top1", metrics.top1},
                                     {"val_top5", metrics.top5},
                                     {"val_f1_macro", metrics.action.macro},
                                     {"val_without_person", evaluation.without_person}});
        if (events_) events_->confusion(position_.step - 1, metrics);
        if (metrics.has_body) fields.emplace_back("val_f1_mean", metrics.f1_mean);
        if (!metrics.alpha_st.empty()) fields.emplace_back("val_alpha_st", metrics.alpha_st);
        line += format("  val loss %.4f  Top-1 %.2f %%  Top-5 %.2f %%%s", metrics.loss,
                       metrics.top1, metrics.top5, best ? "  (best)" : "");
    }
    if (clips_of_session > 0)
        line += format("  %.1f clips/s", static_cast<double>(clips_of_session) / seconds);
    if (position_.without_person > 0)
        line += format("  clips without a visible person: %lld",
                       static_cast<long long>(position_.without_person));
    // At the epoch's last step: a run that goes on from here keeps it.
    write_log(position_.step - 1, fields);
    progress_.line(line);
    if (const std::string waiting = waiting_text(seconds); !waiting.empty())
        progress_.line("note: " + waiting + ": docs/scaling.md says what helps");
    if (run_.ranks) run_.ranks->be_patient();  // while rank 0 writes

    position_.epoch = epoch;
    position_.batch = 0;
    is_saved_ = false;
    // `best` first: were the process killed between the two, resuming from the older state would
    // come here again and write the same `best`.
    if (best && writes()) save(best_checkpoint(run_.out));
    if ((best || last) && writes()) write_report();
    save_state();
    if (last) keep_state();  // no step will try it
}

void Trainer::keep_report_data(const Evaluation& evaluation, const Metrics& metrics,
                               double seconds) {
    nlohmann::ordered_json data = evaluation_data(evaluation, metrics, classes_, *model_,
                                                  {.command = "train",
                                                   .data = run_.data,
                                                   .split = run_.settings.val,
                                                   .weights = best_checkpoint(run_.out),
                                                   .epoch = position_.best_epoch,
                                                   .settings = run_.settings.to_text(),
                                                   .seconds = seconds});
    add_clips(data, evaluation, *model_, *val_);
    try {
        write_report_data(run_.out, run_.settings.val, data);
    } catch (const Error& error) {
        progress_.line(std::string("warning: no data for a report: ") + error.what());
    }
}

/// Before the epoch is saved, so what goes wrong is only said: a page can be written again.
void Trainer::write_report() {
    const bool evaluated = is_file(report_data_file(run_.out, run_.settings.val));
    try {
        write_file(report_file(run_.out),
                   report_of_folders({run_.out}, evaluated ? run_.settings.val : ""));
    } catch (const Error& error) {
        progress_.line("warning: no " + report_file(run_.out) + ": " + error.what());
    }
}

/// For a run that is told to stop. Returns what to say.
std::string Trainer::save_and_say() {
    if (!writes()) return "";
    if (!log_) return "nothing was written";
    if (!is_saved_) save_state();
    return format("%lld steps are saved in %s; %s", static_cast<long long>(position_.step),
                  newest_checkpoint(run_.out).c_str(), run_.goes_on.c_str());
}

void Trainer::save_state() {
    if (run_.ranks) run_.ranks->be_patient();
    if (!writes()) return;
    save(next_checkpoint(run_.out));
    next_waits_ = is_saved_ = true;
}

/// The state that was saved last is one to go back to.
void Trainer::keep_state() {
    if (!writes()) return;
    const std::string next = next_checkpoint(run_.out);
    next_waits_ = false;
    std::error_code error;
    fs::rename(next, last_checkpoint(run_.out), error);
    if (error == std::errc::no_such_file_or_directory)
        progress_.line("warning: " + next + " was removed by another program");
    else if (error)
        throw Error("cannot rename " + next + " to last.safetensors: " + error.message());
}

void Trainer::open_event_file() {
    if (events_ || run_.tensorboard.empty()) return;
    events_ =
        std::make_unique<RunEvents>(run_.tensorboard, run_.config.entities,
                                    run_.resume ? std::optional(position_.step) : std::nullopt);
}

void Trainer::write_log(int64_t step, const LogFields& fields) {
    if (!writes()) return;
    log_->write(fields);
    if (events_) events_->fields(step, fields);
}

void Trainer::save(const std::string& path) {
    folder_->check_is_ours();
    if (const std::string odd = log_->sync(); !odd.empty()) progress_.line("warning: " + odd);
    position_.log_bytes = log_->bytes();
    std::map<std::string, std::string> metadata = run_.settings.to_text();
    metadata[metadata_config] = to_json(run_.config);
    keep_ranks(metadata);
    metadata[metadata_data] = run_.data;
    if (!run_.events_folder.empty()) metadata[metadata_events] = run_.events_folder;
    metadata[metadata_precision] = run_.machine.precision_text();
    if (!init_digest_.empty()) metadata[metadata_init] = init_digest_;
    metadata[metadata_classes] = classes_text(classes_.names);
    save_checkpoint(path, model_->parameters(), *optimizer_, position_, metadata);
}

}  // namespace mdn
