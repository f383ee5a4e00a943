// What the timing programs share: a clock and medians.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace mdn::bench {

template <class F>
double seconds(F&& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace mdn::bench
