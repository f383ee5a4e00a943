// Vectors of the compiler's own kind (GCC and Clang vector extensions): one source becomes AVX2,
// AVX-512 or NEON code, whichever the target has.
#pragma once

#include <cstdint>

namespace mdn {

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
inline constexpr int vector_registers = 32;
#elif defined(__AVX__)
inline constexpr int vector_bytes = 32;
inline constexpr int vector_registers = 16;
#elif defined(__aarch64__)
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 32;
#else
inline constexpr int vector_bytes = 16;
inline constexpr int vector_registers = 16;
#endif

/// Numbers of type T in one vector.
template <class T>
inline constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
struct VectorOf {
    typedef T type __attribute__((vector_size(vector_bytes)));
    typedef T unaligned __attribute__((vector_size(vector_bytes), aligned(alignof(T)), may_alias));
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
inline Vector<T> load(const T* from) {
    return *reinterpret_cast<const typename VectorOf<T>::unaligned*>(from);
}

template <class T>
inline void store(T* to, Vector<T> value) {
    *reinterpret_cast<typename VectorOf<T>::unaligned*>(to) = value;
}

/// The same number in every lane.
template <class T>
inline Vector<T> broadcast(T value) {
    return value - Vector<T>{};  // x − 0 is x for every x, −0 and NaN included
}

/// The larger of each pair; b where they do not compare.
template <class V>
inline V maximum(const V& a, const V& b) {
    return a > b ? a : b;
}

}  // namespace mdn
