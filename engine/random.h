// Counter-based random numbers: the same values on every device, in any order, on any thread.
#pragma once

#include <array>
#include <cstdint>

#include "engine/tensor.h"

namespace mdn {

/// The two halves of Philox's key, which grow from round to round.
struct PhiloxKey {
    explicit constexpr PhiloxKey(uint64_t key)
        : low(static_cast<uint32_t>(key)), high(static_cast<uint32_t>(key >> 32)) {}
    constexpr void next() {
        low += 0x9E3779B9;
        high += 0xBB67AE85;
    }
    uint32_t low, high;
};

inline constexpr int philox_rounds = 10;

/// One round, on the counter's four words in place.
constexpr void philox_round(uint32_t& c0, uint32_t& c1, uint32_t& c2, uint32_t& c3, PhiloxKey key) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c0, p1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key.low;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key.high;
    c3 = static_cast<uint32_t>(p0);
}

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four
/// independent 32-bit words for each 128-bit counter under a 64-bit key.
constexpr std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t seed) {
    PhiloxKey key(seed);
    for (int round = 0; round < philox_rounds; ++round, key.next())
        philox_round(counter[0], counter[1], counter[2], counter[3], key);
    return counter;
}

/// A word as a number in [0, 1), with the 24 bits a float holds exactly.
constexpr float uniform_from_bits(uint32_t bits) { return (bits >> 8) * 0x1.0p-24f; }

/// Where a random op takes its numbers from: keyed by (seed, step, op). The pair (seed, step)
/// lives in device memory, so that a captured graph reads new values at every replay.
struct RandomStream {
    Tensor seed_and_step;  // i64 [2], on the device of the op's input
    int64_t op = 0;        // distinguishes the random ops of one step
    int64_t first = 0;     // number of the input's first element: of a batch's part, those before
};

/// Sequential generator over Philox, for initialisation and tests on the host.
class Random {
  public:
    explicit Random(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}
    uint32_t bits();
    /// In [0, 1), 53 random bits.
    double uniform();
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// Standard normal (Box-Muller).
    double normal();
    /// In 0..bound-1, without bias. Throws Error unless `bound` is positive.
    int64_t below(int64_t bound);
    /// A CPU tensor of independent draws.
    Tensor uniform_tensor(const Shape& shape, double low, double high, DType dtype = DType::f32);
    Tensor normal_tensor(const Shape& shape, double deviation = 1, DType dtype = DType::f32);

  private:
    std::array<uint32_t, 4> block(uint64_t number) const;
    /// The generator as it will be `words` calls of bits() from here.
    Random ahead(uint64_t words) const;
    /// `draw(random)`, which takes `words` words, for every element.
    template <class Draw>
    Tensor draw_tensor(const Shape& shape, DType dtype, uint64_t words, Draw&& draw);

    uint64_t seed_, stream_, position_ = 0;
    std::array<uint32_t, 4> block_{};
};

}  // namespace mdn
