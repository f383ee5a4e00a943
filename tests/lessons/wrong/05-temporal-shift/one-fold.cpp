// Task 1 says: channel = 1, channels = 8
// The second fold is looked for among the last channels.
#define source_frame right_source_frame
#include "tests/lessons/solutions/05-temporal-shift.cpp"
#undef source_frame

namespace mdn::lesson {

int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames) {
    const int64_t fold = channels / 8;
    if (channel < fold) return t + 1 < frames ? t + 1 : -1;
    if (channel >= channels - fold) return t - 1;
    return t;
}

}  // namespace mdn::lesson
