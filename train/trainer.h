// A training run: from a dataset folder and a config to weights, checkpoints and a log.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "data/loader.h"
#include "engine/optim.h"
#include "engine/schedule.h"
#include "model/micro_dualnet.h"
#include "train/checkpoints/checkpoint.h"
#include "train/evaluate.h"
#include "train/load_model.h"
#include "train/output/log.h"
#include "train/output/progress.h"
#include "train/settings/train_settings.h"
#include "train/training_step.h"

namespace mdn {

struct TrainRun {
    std::string data;  // dataset folder
    std::string out;   // folder of the run, for the files below
    Config config;
    TrainSettings settings;
    std::string init;  // weights to start from, or empty
    bool resume = false;
    bool overwrite = false;  // start afresh where a run is already
    int64_t save_every = 0;  // steps between checkpoints inside an epoch; 0: at its end only
    int64_t workers = 2;
    int64_t cache_bytes = 0;
    MachineFlags machine;
};

/// File names inside a run's folder.
std::string last_checkpoint(const std::string& run);
std::string best_checkpoint(const std::string& run);
std::string log_file(const std::string& run);
std::string report_file(const std::string& run);

/// The constructor checks everything and reads what it needs; run() makes the folder, or empties
/// it, once the first clips are read, and trains. A run that is killed at any moment goes on from
/// its last checkpoint with `resume`: on the same device and number of threads it ends with the
/// same bits as one that was never interrupted.
class Trainer {
  public:
    /// Throws Error for anything wrong with the data, the config, the weights or the folder.
    Trainer(TrainRun run, std::ostream& out);
    /// Throws NonFinite naming the step if the loss or a gradient is not finite; the checkpoints
    /// are then those of the last good state.
    void run();

  private:
    void check_folder() const;
    void make_folder();
    std::optional<Batch> next_batch();
    void go_on_from_checkpoint();
    void check_same_config(const SafetensorsFile& file) const;
    void train_epoch();
    void bring(const Batch& batch, int64_t step);
    double finish_step(const Batch& batch);
    Evaluation validate();
    void finish_epoch(double seconds);
    std::string hint_to_go_back() const;
    void save(const std::string& path);
    void say_what_is_trained();
    void warn_of_memory();
    std::string status(double loss) const;
    void say_pace();

    TrainRun run_;
    Progress progress_;
    ClassNames classes_;
    std::unique_ptr<Loader> train_, val_;
    std::unique_ptr<MicroDualNet> model_;
    std::unique_ptr<Optimizer> optimizer_;
    std::unique_ptr<Log> log_;
    Schedule schedule_;
    std::unique_ptr<TrainingStep> step_;
    Position position_;
    Stopwatch clock_;
    int64_t steps_before_ = 0;  // of earlier sessions
    double first_step_seconds_ = 0;
    bool pace_is_said_ = false;
};

}  // namespace mdn
