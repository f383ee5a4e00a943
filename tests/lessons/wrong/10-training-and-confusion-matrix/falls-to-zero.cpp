// Task 3 says: floor = 0.02,
// The cosine falls to 0, and jumps to floor at the end.
#define rate_at right_rate_at
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef rate_at

namespace mdn::lesson {

double rate_at(const WarmupCosine& s, int64_t step) {
    const double warmup = static_cast<double>(s.warmup_steps),
                 total = static_cast<double>(s.total_steps), now = static_cast<double>(step);
    if (now < warmup) return s.base * (now + 1) / warmup;
    if (now >= total) return s.floor;
    return s.base * (1 + std::cos(std::numbers::pi * (now - warmup) / (total - warmup))) / 2;
}

}  // namespace mdn::lesson
