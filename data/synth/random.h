// Counter-based random numbers for the renderer: every subject and clip has a stream of its own.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace mdn::synth {

/// The n-th number of a stream depends only on (seed, domain, index, n), so clips can be rendered
/// in any order by any number of threads and come out the same. Distributions are spelled out
/// here because those of the standard library differ between implementations.
class Random {
  public:
    Random(uint64_t seed, uint64_t domain, uint64_t index)
        : key_(mix(mix(mix(seed) ^ domain) ^ index)) {}

    uint64_t bits() { return mix(key_ + kIncrement * ++counter_); }

    /// Uniform in [low, high).
    double uniform(double low, double high) {
        return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1.0p-53);
    }

    /// Uniform in {0, ..., count-1}; the bias is below count/2^64.
    int64_t below(int64_t count) {
        return static_cast<int64_t>(bits() % static_cast<uint64_t>(count));
    }

    bool chance(double probability) { return uniform(0, 1) < probability; }

    /// Normal with mean 0 (Box-Muller).
    double normal(double deviation) {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(0, 1)));
        return deviation * radius * std::cos(2 * std::numbers::pi * uniform(0, 1));
    }

  private:
    static constexpr uint64_t kIncrement = 0x9E3779B97F4A7C15;

    /// The finaliser of SplitMix64: a bijection in which every input bit moves every output bit.
    static uint64_t mix(uint64_t x) {
        x += kIncrement;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    uint64_t key_;
    uint64_t counter_ = 0;
};

}  // namespace mdn::synth
