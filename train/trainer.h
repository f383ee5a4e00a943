// A training run: from a dataset folder and a config to weights, checkpoints and a log. Several
// processes (ranks) can train together: each computes its part of every batch, and rank 0 writes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "data/loader.h"
#include "engine/optim.h"
#include "engine/schedule.h"
#include "model/micro_dualnet.h"
#include "train/checkpoints/checkpoint.h"
#include "train/evaluate.h"
#include "train/load_model.h"
#include "train/output/log.h"
#include "train/output/pace.h"
#include "train/output/profile_trace.h"
#include "train/output/progress.h"
#include "train/output/tensorboard/run_events.h"
#include "train/run_folder.h"
#include "train/settings/train_settings.h"
#include "train/training_step.h"

namespace mdn {

struct TrainRun {
    std::string data;  // dataset folder
    std::string out;   // folder of the run, for the files below
    Config config;
    TrainSettings settings;
    /// Settings that a resumed run changes from now on: name, before and after, for the log.
    std::vector<std::array<std::string, 3>> changes;
    std::string init;  // weights to start from, or empty
    /// What is taken of them: the parameters whose names begin so, and which must be there.
    std::string init_part = {};
    bool resume = false;
    int64_t save_every = 0;  // steps between checkpoints inside an epoch; 0: at its end only
    int64_t workers = 2;
    int64_t cache_bytes = 0;
    MachineFlags machine;
    ProfileTraceFlags profile_trace;
    std::string tensorboard;    // folder for event files, or empty
    std::string events_folder;  // that folder's own name, or where the run has them from before
    /// How the user continues a run that was stopped, as messages have it.
    std::string goes_on = "--resume continues the run";
    /// What progress says besides, when so many of the run's steps are made; may be empty.
    std::function<std::string(int64_t done, int64_t in_all)> beside = {};
    /// The processes that train together; null: this one alone. All have the same run, except for
    /// what only concerns its files.
    Communicator* ranks = nullptr;
    BucketSizes buckets = {};
};

/// The constructor checks everything and reads what it needs; run() empties the folder once the
/// first clips are read, and trains. A run that is killed at any moment goes on from its newest
/// checkpoint with `resume`: on the same device and number of threads it ends with the same bits as
/// one that was never interrupted.
class Trainer {
  public:
    /// `folder` is that of run.out, and null on ranks other than 0, which touch no file of the run.
    /// Throws Error for anything wrong with the data, the config, the weights or the checkpoint,
    /// and where ranks have different datasets or do not start with the same bits.
    Trainer(TrainRun run, const RunFolder* folder, std::ostream& out);
    /// Throws NonFinite naming the step if the loss or a gradient is not finite; last.safetensors
    /// is then the last checkpoint from which a step has succeeded. Throws Stopped, with the state
    /// after the last step saved, if a signal asked to stop.
    void run();

  private:
    void begin_folder();
    void note_changes();
    std::optional<Batch> next_batch();
    void go_on_from_checkpoint();
    void learn_threads();
    void join_devices();
    void note_other_ranks(const SafetensorsFile& file);
    void share_start();
    void check_same_clips() const;
    void check_same_weights() const;
    void check_same_config(const SafetensorsFile& file) const;
    void train_epoch();
    void bring(const Batch& batch, int64_t step);
    double finish_step(const Batch& batch);
    void stop_together(int64_t& without_person);
    std::string waiting_text(double seconds) const;
    void keep_ranks(std::map<std::string, std::string>& metadata) const;
    Evaluation validate();
    bool writes() const { return folder_ != nullptr; }
    void keep_report_data(const Evaluation& evaluation, const Metrics& metrics, double seconds);
    void write_report();
    void finish_epoch(double seconds, int64_t clips_of_session);
    std::string go_back();
    std::string save_and_say();
    void save_state();
    void keep_state();
    void save(const std::string& path);
    void say_what_is_trained();
    void warn_of_memory();
    void open_event_file();
    /// Into the log, and for TensorBoard.
    void write_log(int64_t step, const LogFields& fields);
    std::string status(double loss) const;

    TrainRun run_;
    const RunFolder* folder_;
    std::optional<StopTogether> stops_together_;  // with ranks
    int stop_now_ = 0;                            // the signal upon which all ranks stop
    std::string threads_text_;                    // how many; with ranks, of each
    /// Seconds that this rank had waited before the epoch, and that each has in it.
    double waited_before_ = 0;
    std::vector<double> waited_;
    Progress progress_;
    ClassNames classes_;
    std::unique_ptr<Loader> train_, val_;
    std::unique_ptr<MicroDualNet> model_;
    std::unique_ptr<Optimizer> optimizer_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<RunEvents> events_;  // null without --tensorboard
    Schedule schedule_;
    std::unique_ptr<TrainingStep> step_;
    std::unique_ptr<ProfileTrace> profile_trace_;
    Position position_;
    std::string init_digest_;  // of the weights that the run began with; empty without
    bool is_saved_ = false;    // whether a checkpoint holds position_
    bool next_waits_ = false;  // next.safetensors is there, and no step from it has succeeded yet
    std::optional<Pace> pace_;
};

}  // namespace mdn
