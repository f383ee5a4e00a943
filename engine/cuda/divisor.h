// Division by a number that is known only at the launch, cheap enough for every load of a kernel.
#pragma once

#include <cstdint>
#include <string>

#include "engine/error.h"

namespace mdn {

/// n / divisor as a multiplication and a shift; the hardware's way takes ten times the
/// instructions. Exact for 0 ≤ n < 2³¹: with 2ˡ ≥ divisor and m = ⌈2³¹⁺ˡ/divisor⌉, the product
/// n·m/2³¹⁺ˡ is too large by less than n/(2³¹·divisor) < 1/divisor (Granlund and Montgomery 1994).
class Divisor {
  public:
    static constexpr int64_t limit = int64_t{1} << 31;

    Divisor() = default;
    /// Throws Error unless 0 < divisor < 2³¹.
    explicit Divisor(int64_t divisor) : divisor_(static_cast<uint32_t>(divisor)) {
        if (divisor <= 0 || divisor >= limit)
            throw Error("[cuda] a tensor's axis of " + std::to_string(divisor) + " is too long");
        while (int64_t{1} << (shift_ - 31) < divisor) ++shift_;
        multiplier_ = static_cast<uint32_t>(((uint64_t{1} << shift_) + divisor_ - 1) / divisor_);
    }

    /// Takes n to n mod divisor and returns n / divisor.
    constexpr uint32_t split(uint32_t& n) const {
        const auto quotient = static_cast<uint32_t>(uint64_t{n} * multiplier_ >> shift_);
        n -= quotient * divisor_;
        return quotient;
    }

  private:
    uint32_t divisor_ = 1, multiplier_ = uint32_t{1} << 31;
    int shift_ = 31;
};

}  // namespace mdn
