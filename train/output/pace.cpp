#include "train/output/pace.h"

#include <algorithm>

#include "train/output/counted.h"
#include "train/output/format.h"

namespace mdn {

std::string Pace::text(int64_t done, int64_t clips_per_step) const {
    const auto steps = static_cast<double>(done - begun_at_);
    const double seconds = clock_.seconds();
    const auto left = static_cast<double>(epochs_ * steps_per_epoch_ - done);
    return format("%.1f clips/s  ETA %s", steps * static_cast<double>(clips_per_step) / seconds,
                  duration_text(seconds / steps * left).c_str());
}

std::string Pace::first_estimate(int64_t done) {
    if (is_said_) return "";
    const int64_t steps = done - begun_at_;
    const double seconds = clock_.seconds();
    if (steps == 1) first_step_seconds_ = seconds;
    if (seconds < 2 && done % steps_per_epoch_ != 0) return "";
    is_said_ = true;
    const double pace =
        steps == 1 ? seconds : (seconds - first_step_seconds_) / static_cast<double>(steps - 1);
    const auto left = [&](int64_t until) {
        return duration_text(pace * static_cast<double>(until - done));
    };
    const int64_t epoch = (done - 1) / steps_per_epoch_ + 1;  // counted from 1
    const int64_t end = epoch * steps_per_epoch_;
    const std::string of_epoch = done == end || epoch == epochs_
                                     ? "the run ends in about "
                                     : format("epoch %lld ends in about %s, the run in about ",
                                              static_cast<long long>(epoch), left(end).c_str());
    return format("%.3g s per step, ", pace) + counted(steps_per_epoch_, "step") +
           " per epoch: " + of_epoch + left(epochs_ * steps_per_epoch_);
}

std::string WorkPace::text(double done) const {
    if (done <= 0) return "";
    return "ETA " + duration_text(clock_.seconds() / done * std::max(total_ - done, 0.0));
}

}  // namespace mdn
