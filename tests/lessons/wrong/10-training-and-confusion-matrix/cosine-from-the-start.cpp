// Task 3 says: step = 4:
// The cosine counts the warm-up too, so it begins below base.
#define rate_at right_rate_at
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef rate_at

namespace mdn::lesson {

double rate_at(const WarmupCosine& s, int64_t step) {
    const double warmup = static_cast<double>(s.warmup_steps),
                 total = static_cast<double>(s.total_steps), now = static_cast<double>(step);
    if (now < warmup) return s.base * (now + 1) / warmup;
    if (now >= total) return s.floor;
    const double gone = now / total;
    return s.floor + (s.base - s.floor) * (1 + std::cos(std::numbers::pi * gone)) / 2;
}

}  // namespace mdn::lesson
