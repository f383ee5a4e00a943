// How fast a run goes, and how long it will take.
#pragma once

#include <cstdint>
#include <string>

#include "train/output/progress.h"

namespace mdn {

/// Time counts from when it is made, on a clock that nobody sets. Steps count over the whole run,
/// from 0; `done` is how many of them are made.
class Pace {
  public:
    /// `begun_at`: the steps that earlier sessions have made.
    Pace(int64_t begun_at, int64_t steps_per_epoch, int64_t epochs)
        : begun_at_(begun_at), steps_per_epoch_(steps_per_epoch), epochs_(epochs) {}

    /// "12.3 clips/s  ETA 2m10s"; at least one step of this session is done.
    std::string text(int64_t done, int64_t clips_per_step) const;

    /// To be asked after every step. Says once how long a step, the epoch and the run take, as soon
    /// as steps can be timed: after two seconds, or where the first epoch is shorter at its end.
    /// Empty otherwise. The first step also sets up, so that it counts only where it is the only
    /// one.
    std::string first_estimate(int64_t done);

  private:
    int64_t begun_at_, steps_per_epoch_, epochs_;
    Stopwatch clock_;
    double first_step_seconds_ = 0;
    bool is_said_ = false;
};

/// How long several pieces of work will take together, each of a size that is known before, in any
/// unit. Time counts from when it is made.
class WorkPace {
  public:
    /// `total`: what is to be done from now on.
    explicit WorkPace(double total) : total_(total) {}

    /// "ETA 2h10m" when so much is done; empty as long as that is nothing.
    std::string text(double done) const;

  private:
    double total_;
    Stopwatch clock_;
};

}  // namespace mdn
