// The two 16-bit formats that files hold, widened exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace mdn {

inline float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

inline float from_float16(uint16_t bits) {
    const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
    const uint32_t exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
    if (exponent == 0) {  // zero or subnormal: fraction · 2⁻²⁴ is exact in f32
        const float magnitude = static_cast<float>(fraction) * 0x1.0p-24f;
        return sign ? -magnitude : magnitude;
    }
    const uint32_t exponent32 = exponent == 0x1f ? 0xffu : exponent + (127 - 15);
    return std::bit_cast<float>(sign | exponent32 << 23 | fraction << 13);
}

}  // namespace mdn
