// Which frames of a clip the network sees (TSM and MMAction2's rules; frames count from 0).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/random.h"

namespace mdn {

enum class Sampling {
    train,  // one random frame of each of T segments
    test,   // the middle frame of each
    twice,  // the middle frames, then the first frames: two views of a clip, averaged by the caller
};

/// Training: with a = ⌊N/T⌋, frame k is k·a + random[0,a) if a > 0, else round(k·N/T) mod N (half
/// to even), so short clips repeat frames. N, T ≥ 1.
std::vector<std::int64_t> sample_train(std::int64_t N, std::int64_t T, Random& random);

/// Testing: frame k is ⌊k·N/T + N/(2T)⌋, for short clips too.
std::vector<std::int64_t> sample_test(std::int64_t N, std::int64_t T);

/// `twice_sample`: 2T frames, those of sample_test followed by ⌊k·N/T⌋.
std::vector<std::int64_t> sample_twice(std::int64_t N, std::int64_t T);

}  // namespace mdn
