// What a model confuses most, and what speaks for why.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/metrics.h"

namespace mdn {

/// Clips of one class that were given another.
struct Confusion {
    int64_t truth = 0, predicted = 0;
    int64_t clips = 0;    // of `truth` that were given `predicted`
    int64_t of = 0;       // clips of `truth`
    int64_t back = 0;     // clips of `predicted` that were given `truth`
    int64_t back_of = 0;  // clips of `predicted`
    // Of the `clips`, where the predictions are known (add_evidence); -1 else.
    int64_t second = -1;                   // have the right class as second best
    double given = -1, right = -1;         // mean probability of the wrong and the right class
    int64_t st_right = -1, ts_right = -1;  // one path alone gets right; -1 without two paths
};

/// The `most` pairs of classes with the most clips in a confusion matrix [truth][prediction], the
/// larger share of the class first where they are equal.
std::vector<Confusion> largest_confusions(const std::vector<std::vector<int64_t>>& matrix,
                                          int64_t most);

/// Adds what the predictions, of which the matrix was made, know of these pairs.
void add_evidence(std::vector<Confusion>& confusions,
                  const std::vector<ClipPrediction>& predictions);

/// In words: how often, whether it goes both ways and, as far as that is known, whether both
/// classes have one body-level class, how sure the model was, and what a path alone would have
/// said.
std::string confusion_text(const Confusion& confusion, const ClassNames& names);

}  // namespace mdn
