// What the timing programs share: a clock, medians, and the machine's peak.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "engine/cpu/simd.h"
#include "engine/threads.h"

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

/// GFLOP/s of independent multiply-adds in registers on all threads: nothing can be faster.
inline double multiply_add_peak() {
    constexpr int chains = vector_registers == 32 ? 24 : 12;
    constexpr int64_t steps = 400000;
    volatile float start = 0.5f;  // unknown to the compiler, so that nothing is computed ahead
    std::atomic<float> kept = 0;  // written by every share
    double best = 0;
    for (int run = 0; run < 10; ++run) {
        const double time = seconds([&] {
            run_shares(threads(), [&](int64_t) {
                Vector<float> sum[chains];
                for (int c = 0; c < chains; ++c) sum[c] = broadcast<float>(start);
                const Vector<float> x = broadcast<float>(start), y = broadcast<float>(start);
                for (int64_t i = 0; i < steps; ++i)
#pragma GCC unroll 24
                    for (int c = 0; c < chains; ++c) sum[c] = sum[c] * x + y;
                for (int c = 0; c < chains; ++c) kept = sum[c][0];
            });
        });
        best = std::max(
            best, 2e-9 * chains * lanes<float> * steps * static_cast<double>(threads()) / time);
    }
    return kept > 0 ? best : 0;
}

}  // namespace mdn::bench
