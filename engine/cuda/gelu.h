// GELU(x) = x·Φ(x), Φ(x) = ½(1 + erf(x/√2)), for kernels that apply it to what they have at hand.
#pragma once

#include "engine/cuda/launch.h"

namespace mdn {

/// Φ(x): the normal distribution's cumulative function.
__device__ __forceinline__ float normal_cdf(float x) {
    return 0.5f * (1 + erff(x * 0.70710678118654752f));
}

__device__ __forceinline__ float gelu(float x) { return x * normal_cdf(x); }

}  // namespace mdn
