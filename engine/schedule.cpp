#include "engine/schedule.h"

#include <cmath>
#include <numbers>

namespace mdn {

double learning_rate(const Schedule& s, int64_t step) {
    if (step < s.warmup_steps)
        return s.base * static_cast<double>(step + 1) / static_cast<double>(s.warmup_steps);
    double rate = s.base;
    if (s.kind == ScheduleKind::step) {
        for (int64_t milestone : s.milestones)
            if (step >= milestone) rate *= s.gamma;
    } else if (s.kind == ScheduleKind::cosine) {
        if (step >= s.total_steps) return s.floor;
        const double progress = static_cast<double>(step - s.warmup_steps) /
                                static_cast<double>(s.total_steps - s.warmup_steps);
        rate = s.floor + (s.base - s.floor) * (1 + std::cos(std::numbers::pi * progress)) / 2;
    }
    return rate;
}

}  // namespace mdn
