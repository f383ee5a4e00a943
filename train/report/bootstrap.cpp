#include "train/report/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/random.h"

namespace mdn {

namespace {

constexpr uint64_t seed = 0x626f6f74;  // any, but always the same

double percentile(const std::vector<double>& sorted, double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// How likely |t| is below `t` (Abramowitz and Stegun, 26.7.3 and 26.7.4).
double student_within(double t, int64_t degrees) {
    const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
    const double cosine = std::cos(angle), sine = std::sin(angle);
    const bool odd = degrees % 2 != 0;
    double sum = 0, term = odd ? cosine : 1;
    for (int64_t k = odd ? 1 : 0; k <= degrees - 2; k += 2) {
        sum += term;
        term *= cosine * cosine * static_cast<double>(k + 1) / static_cast<double>(k + 2);
    }
    return odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;
}

}  // namespace

std::vector<Interval> bootstrap(
    int64_t n, const std::function<std::vector<double>(const std::vector<int64_t>&)>& statistics,
    int64_t draws) {
    Random random(seed);
    std::vector<int64_t> times(static_cast<size_t>(n));
    std::vector<std::vector<double>> values;  // [statistic][draw]
    for (int64_t draw = 0; draw < draws; ++draw) {
        std::fill(times.begin(), times.end(), 0);
        for (int64_t i = 0; i < n; ++i) ++times[random.below(n)];
        const std::vector<double> sample = statistics(times);
        values.resize(sample.size());
        for (size_t s = 0; s < sample.size(); ++s) values[s].push_back(sample[s]);
    }
    std::vector<Interval> intervals;
    for (std::vector<double>& of_one : values) {
        std::sort(of_one.begin(), of_one.end());
        intervals.push_back({percentile(of_one, 0.025), percentile(of_one, 0.975)});
    }
    return intervals;
}

double student_t(int64_t degrees) {
    double low = 0, high = 20;  // of one degree it is 12.7, and less of more
    for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (student_within(middle, degrees) < 0.95 ? low : high) = middle;
    }
    return low;
}

Interval wilson_interval(int64_t part, int64_t whole) {
    if (whole == 0) return {0, 100};
    const double z = 1.959963984540054, n = static_cast<double>(whole);
    const double p = static_cast<double>(part) / n;
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    return {100 * std::max(0.0, centre - half), 100 * std::min(1.0, centre + half)};
}

Interval share_interval(const Interval& of_samples, double percent, int64_t whole) {
    // Counted, since a percentage of all clips need not be 100 to the last bit.
    const int64_t part = std::llround(percent * static_cast<double>(whole) / 100);
    return part > 0 && part < whole ? of_samples : wilson_interval(part, whole);
}

}  // namespace mdn
