// What decides the result of a run besides data and config, each setting once: its option, its
// range, its explanation, and its place in checkpoints.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/optim.h"
#include "engine/schedule.h"
#include "train/options.h"

namespace mdn {

struct TrainSettings {
    int64_t epochs = 30;
    int64_t batch = 16;  // clips
    OptimizerKind optimizer = OptimizerKind::adamw;
    double lr = 1e-3;
    double weight_decay = 0.05;
    double momentum = 0.9;
    double clip = 20;
    ScheduleKind schedule = ScheduleKind::cosine;
    double warmup = 1;                // epochs
    std::vector<int64_t> milestones;  // epochs
    double gamma = 0.1;
    double floor = 0;
    double min_crop_scale = 0.66;
    int64_t seed = 0;
    std::string val = "val";  // "none": no validation
    int64_t val_every = 1;    // epochs

    void declare(Options& options);
    /// Under the options' names without the dashes; doubles exactly.
    std::map<std::string, std::string> to_text() const;
    /// Throws Error naming what is missing or not a number.
    static TrainSettings from_text(const std::map<std::string, std::string>& text,
                                   const std::string& source);

    bool validates() const { return val != "none"; }
    OptimizerOptions optimizer_options() const;
    Schedule schedule_for(int64_t batches_per_epoch) const;
};

}  // namespace mdn
