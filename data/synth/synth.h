// Renders a learnable data set of seated people performing 16 micro-actions, since the real data
// sets are licensed and cannot ship.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace mdn {

struct SynthOptions {
    std::string out;        ///< folder to make; may exist if it is empty
    int64_t subjects = 20;  ///< 3..1000
    int64_t clips_per_class =
        60;  ///< of each action, spread over all subjects as evenly as possible
    uint64_t seed = 0;
    int64_t size = 128;                        ///< side of the square pictures in pixels, 32..2048
    int64_t min_frames = 30, max_frames = 45;  ///< of a clip, at 30 a second; 1..1000
    int64_t jpeg_quality = 88;                 ///< 1..100
    /// Called now and then with the clips done so far and the total, one thread at a time.
    std::function<void(int64_t done, int64_t total)> progress = {};
};

/// Arrays of three: train, val, test.
struct SynthSummary {
    int64_t classes = 0, clips = 0, frames = 0;
    std::array<int64_t, 3> split_subjects{}, split_clips{};
};

/// Writes labels.txt, train.txt, val.txt, test.txt, frames/ and keypoints/ (OpenPose BODY_25) into
/// `options.out`. No subject is in two splits: a fifth of them (at least one) is kept for val, a
/// fifth for test. Every subject performs every action if clips_per_class >= subjects. The files
/// depend only on the options, not on the number of threads. The folder appears when it is
/// complete (PartialPath); on a failure, and where `progress` throws, nothing is left behind.
/// Throws Error for an option out of range and for a folder that is not empty or cannot be written.
SynthSummary write_synthetic_dataset(const SynthOptions& options);

}  // namespace mdn
