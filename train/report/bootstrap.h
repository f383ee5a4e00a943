// How far a figure of an evaluation would move with other clips of the same kind.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace mdn {

struct Interval {
    double low = 0, high = 0;
};

/// Samples `draws` times n clips of n with replacement, from a fixed seed. `statistics` computes
/// its numbers from how often each clip is in a sample. Of each number: the 2.5th and the 97.5th
/// percentile over the samples (with linear interpolation), which hold 95 % of them (Efron's
/// percentile bootstrap). n ≥ 1.
std::vector<Interval> bootstrap(
    int64_t n,
    const std::function<std::vector<double>(const std::vector<int64_t>& times)>& statistics,
    int64_t draws = 2000);

/// Wilson's 95 % interval, in percent, for a share of which `part` of `whole` were seen; fits small
/// numbers. 0 to 100 of nothing.
Interval wilson_interval(int64_t part, int64_t whole);

/// The interval of a share of `whole` in percent: that of its bootstrap samples, or Wilson's for 0
/// and 100 %, of which all samples are alike.
Interval share_interval(const Interval& of_samples, double percent, int64_t whole);

/// The 97.5th percentile of Student's t with so many degrees of freedom (at least 1): a mean of
/// n = degrees + 1 values lies within ± that many standard errors of its expectation with 95 %.
double student_t(int64_t degrees);

}  // namespace mdn
