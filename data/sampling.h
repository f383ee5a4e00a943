// Which frames of a clip the network sees (TSM and MMAction2's rules; frames count from 0).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/random.h"

namespace mdn {

enum class Sampling {
    train,  // one random frame of each of T segments
    test,   // the same place of each: one view of the clip, or several
};

/// Training: with a = ⌊N/T⌋, frame k is k·a + random[0,a) if a > 0, else round(k·N/T) mod N (half
/// to even), so short clips repeat frames. N, T ≥ 1.
std::vector<std::int64_t> sample_train(std::int64_t N, std::int64_t T, Random& random);

/// Testing, view j of V: frame k is ⌊k·N/T + N/T·((½ + j/V) mod 1)⌋, for short clips too. The first
/// view takes the middles of the segments, ⌊k·N/T + N/(2T)⌋, as a test with one view does; the
/// others lie evenly around them. Two views are TSM's `twice_sample`. 0 ≤ view < views.
std::vector<std::int64_t> sample_test(std::int64_t N, std::int64_t T, std::int64_t view = 0,
                                      std::int64_t views = 1);

}  // namespace mdn
