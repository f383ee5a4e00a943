// Task 1 says: the source frame is 3, but must be -1
// The last frame takes from the first one.
#define source_frame right_source_frame
#include "tests/lessons/solutions/05-temporal-shift.cpp"
#undef source_frame

namespace mdn::lesson {

int64_t source_frame(int64_t t, int64_t channel, int64_t channels, int64_t frames) {
    const int64_t fold = channels / 8;
    if (channel < fold) return (t + 1) % frames;
    if (channel < 2 * fold) return (t + frames - 1) % frames;
    return t;
}

}  // namespace mdn::lesson
