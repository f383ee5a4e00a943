// Learning-rate schedules: constant, stepwise and cosine, after a linear warm-up.
#pragma once

#include <cstdint>
#include <vector>

namespace mdn {

enum class ScheduleKind { constant, step, cosine };

/// Steps are updates of the parameters.
struct Schedule {
    ScheduleKind kind = ScheduleKind::cosine;
    double base = 1e-3;                    // learning rate after warm-up
    int64_t total_steps = 1;               // cosine reaches `floor` here
    int64_t warmup_steps = 0;              // linear from base/warmup_steps
    std::vector<int64_t> milestones = {};  // steps at which the rate is multiplied by `gamma`
    double gamma = 0.1;
    double floor = 0;  // cosine's last rate
};

/// Learning rate of step 0, 1, ….
double learning_rate(const Schedule& schedule, int64_t step);

}  // namespace mdn
