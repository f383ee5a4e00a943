// Task 3 says: step = 13:
// Nothing ends the cosine: after total_steps it rises.
#define rate_at right_rate_at
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef rate_at

namespace mdn::lesson {

double rate_at(const WarmupCosine& s, int64_t step) {
    const double warmup = static_cast<double>(s.warmup_steps),
                 total = static_cast<double>(s.total_steps), now = static_cast<double>(step);
    if (now < warmup) return s.base * (now + 1) / warmup;
    const double gone = total > warmup ? (now - warmup) / (total - warmup) : 1;
    return s.floor + (s.base - s.floor) * (1 + std::cos(std::numbers::pi * gone)) / 2;
}

}  // namespace mdn::lesson
