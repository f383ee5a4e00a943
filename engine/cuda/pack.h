// Several neighbouring elements loaded or stored at once: 16 bytes a lane make the most of the
// memory's bandwidth.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/cuda/launch.h"

namespace mdn {

inline constexpr int pack_bytes = 16;

/// What one load or store moves, or, beyond 16 bytes, several of them.
template <class T, int n>
struct alignas(n * sizeof(T) < pack_bytes ? n * sizeof(T) : pack_bytes) Pack {
    T at[n];
};

template <int n, class T>
__device__ __forceinline__ void load(const T* from, float (&to)[n]) {
    const auto pack = *reinterpret_cast<const Pack<T, n>*>(from);
    for (int i = 0; i < n; ++i) to[i] = to_float(pack.at[i]);
}

template <int n, class T>
__device__ __forceinline__ void store(const float (&from)[n], T* to) {
    Pack<T, n> pack;
    for (int i = 0; i < n; ++i) pack.at[i] = from_float<T>(from[i]);
    *reinterpret_cast<Pack<T, n>*>(to) = pack;
}

/// Calls f(std::integral_constant<int, n>) with as many neighbouring T as a lane should take of
/// rows of `channels`: 16 bytes where the rows divide into them, else one. Rows begin where tensors
/// do, which is at multiples of 16 bytes.
template <class T, class F>
void with_pack(int64_t channels, F&& f) {
    constexpr int n = pack_bytes / sizeof(T);
    if (channels % n == 0)
        f(std::integral_constant<int, n>{});
    else
        f(std::integral_constant<int, 1>{});
}

}  // namespace mdn
