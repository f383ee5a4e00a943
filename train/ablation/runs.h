// The trainings of an ablation: which are there, which are missing, and what they answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "model/ablation.h"
#include "train/ablation/result.h"
#include "train/ablation/row_settings.h"
#include "train/folder_lock.h"
#include "train/output/pace.h"
#include "train/output/progress.h"
#include "train/run_folder.h"
#include "train/settings/flags.h"
#include "train/settings/train_settings.h"

namespace mdn {

struct AblationOptions {
    std::string data, out;
    std::string split = "test";  // on which the runs are compared
    Config whole;                // check_whole_model(); with the dataset's classes
    TrainSettings settings;      // of every run, but the seed and row_settings
    std::vector<AblationRow> rows;
    RowSettings row_settings;
    std::vector<int64_t> seeds;
    std::string init;  // weights with the backbone that every run begins with, or empty
    ViewFlags views;   // of the comparison
    int64_t save_every = 0;
    int64_t workers = 2;
    int64_t cache_bytes = 0;
    MachineFlags machine;
};

/// One training: an ordinary run's folder OUT/ROW/seed-N, which `train` could have made.
struct AblationRun {
    enum class Stage {
        absent,     // nothing is there
        begun,      // a checkpoint to go on from
        trained,    // to the end, but not evaluated as it should be
        evaluated,  // NAME.json and report_data/NAME.json, NAME being the split
    };
    size_t row = 0, seed = 0;  // indices in the options
    std::string folder;
    Config config;
    TrainSettings settings;
    Stage stage = Stage::absent;
    double share = 0;   // of the training, as far as its last whole epoch
    int64_t steps = 0;  // of a complete training
};

/// Holds the folder OUT until it is destroyed (FolderLock, ablate.lock).
class AblationRuns {
  public:
    /// Looks at all runs before any is trained. Throws Error naming the run that was trained with
    /// another config, setting, precision, beginning or dataset, that lacks a file, or that took
    /// another number of steps than the others, or whose folder cannot be trained in
    /// (RunFolder); and if another process works in OUT. `out` gets what a training prints, and how
    /// far all are.
    AblationRuns(AblationOptions options, std::ostream& out);

    /// Trains and evaluates what is missing; what is complete is not touched. All rows of a seed
    /// come before the next seed. Throws as Trainer and evaluate_split() do. Throws Stopped if a
    /// signal asked to stop; another AblationRuns goes on from there, with the same bits.
    void complete();

    /// What the runs answered; all must be complete. Throws Error if not all answered the same
    /// clips.
    AblationAnswers answers() const;

    /// In the order of their training.
    const std::vector<AblationRun>& runs() const { return runs_; }

  private:
    void look_at(AblationRun& run) const;
    void check_same(const AblationRun& run, const std::map<std::string, std::string>& metadata,
                    const std::string& path) const;
    void check_same_settings(const AblationRun& run,
                             const std::map<std::string, std::string>& metadata,
                             const std::string& path) const;
    void check_same_data(const AblationRun& run,
                         const std::map<std::string, std::string>& metadata) const;
    void check_same_steps() const;
    /// Throws as RunFolder does: another process may train there, or other files may be there.
    std::unique_ptr<RunFolder> hold(const AblationRun& run);
    bool is_evaluated(const AblationRun& run) const;
    void train(const AblationRun& run, const RunFolder& folder, const WorkPace& pace, double done);
    double evaluate(const AblationRun& run);
    std::string name_of(const AblationRun& run) const;
    std::string place_of(const AblationRun& run) const;
    std::string compared_clips() const;

    AblationOptions options_;
    std::ostream& out_;
    Progress progress_;
    FolderLock lock_;
    ClassNames classes_;
    std::string clips_;        // clips_digest() of the split
    std::string init_digest_;  // empty without init
    std::vector<AblationRun> runs_;
};

}  // namespace mdn
