// Task 1 says: with t = 0, channel = 0, channels = 8, frames = 4:
// Next and previous are taken for each other.
#define source_frame right_source_frame
#include "tests/lessons/solutions/05-temporal-shift.cpp"
#undef source_frame

namespace mdn::lesson {

int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames) {
    const int64_t fold = channels / 8;
    if (channel < fold) return t - 1;
    if (channel < 2 * fold) return t + 1 < frames ? t + 1 : -1;
    return t;
}

}  // namespace mdn::lesson
