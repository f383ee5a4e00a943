// exp and erf as the compiler can vectorise them: no branch, no call, no table.
//
// libm's float functions are exact to half an ulp but scalar, and GELU calls erf once for every
// hidden unit of every token. The polynomials are Chebyshev fits whose error (below 2e-8) is
// under float rounding. Double, which only the gradient checks use, keeps libm.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace mdn {

/// e^x for x <= 0; below -87, where floats become denormal, 0.
inline float exp_nonpositive(float given) {
    const float x = given < -87.0f ? -87.0f : given;
    // x = n·ln 2 + r with n an integer and |r| <= ln(2)/2. Adding 1.5·2^23 leaves no bits for a
    // fraction, so n stands in the low bits of the sum, rounded to nearest.
    constexpr float round_bias = 0x1.8p23f;
    const float biased = x * 1.44269504f + round_bias;
    const float n = biased - round_bias;
    const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;  // ln 2 in two parts
    float p = 0.001392617612f;                                     // (e^r − 1 − r)/r²
    p = p * r + 0.008363173075f;
    p = p * r + 0.04166655466f;
    p = p * r + 0.1666657703f;
    p = p * r + 0.5f;
    const float e_r = 1 + (r + r * r * p);
    const uint32_t exponent = std::bit_cast<uint32_t>(biased) - std::bit_cast<uint32_t>(round_bias);
    return given < -87.0f ? 0.0f : e_r * std::bit_cast<float>((exponent + 127) << 23);
}

inline double exp_nonpositive(double x) { return std::exp(x); }

/// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.
inline float erf_vectorised(float x) {
    // |x| < 1: erf(x)/x as a polynomial in x².
    const float s = x * x;
    float p = 7.875875063e-5f;
    p = p * s - 8.016864287e-4f;
    p = p * s + 5.189087423e-3f;
    p = p * s - 2.685421201e-2f;
    p = p * s + 0.1128359472f;
    p = p * s - 0.3761262667f;
    p = p * s + 1.128379166f;
    // 1 <= |x| < 4: −log(erfc|x|) as a polynomial in |x|; from 4 on erf is 1 in float.
    const float magnitude = std::abs(x), a = magnitude < 4 ? magnitude : 4.0f;
    float q = -1.637151415e-6f;
    q = q * a + 4.605804269e-5f;
    q = q * a - 5.968056257e-4f;
    q = q * a + 4.759596293e-3f;
    q = q * a - 2.642113601e-2f;
    q = q * a + 0.1100800829f;
    q = q * a + 0.6318260516f;
    q = q * a + 1.130233435f;
    q = q * a - 3.201380497e-4f;
    const float near = x * p, far = std::copysign(1 - exp_nonpositive(-q), x);
    return magnitude < 1 ? near : far;
}

inline double erf_vectorised(double x) { return std::erf(x); }

}  // namespace mdn
