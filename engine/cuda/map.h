// Elementwise kernels: y[i] = f(inputs[i]...), 16 bytes of memory at a time.
#pragma once

#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

/// f of the elements of packs.
template <class T, int n, class F, class... Packs>
__device__ __forceinline__ Pack<T, n> map_pack(F f, Packs... inputs) {
    Pack<T, n> y;
    for (int i = 0; i < n; ++i) y.at[i] = from_float<T>(f(to_float(inputs.at[i])...));
    return y;
}

/// A thread takes a pack at a time, then, of the few elements after the last whole pack, one. All
/// it needs is read before it writes, so y may be an input.
template <class T, int n, class F, class... Inputs>
__global__ void map_kernel(int64_t count, F f, T* y, Inputs... inputs) {
    const int64_t packs = count / n;
    for (int64_t p = first_index(); p < packs; p += index_step())
        reinterpret_cast<Pack<T, n>*>(y)[p] =
            map_pack<T, n>(f, reinterpret_cast<const Pack<T, n>*>(inputs)[p]...);
    for (int64_t i = packs * n + first_index(); i < count; i += index_step())
        y[i] = from_float<T>(f(to_float(inputs[i])...));
}

/// y = f(inputs...) for every element, f a struct with a __device__ float operator()(float...)
/// const. All tensors have the dtype and the size of y.
template <class F, class... Tensors>
void map(F f, Tensor& y, const Tensors&... inputs) {
    with_activation_type(y, [&]<class T>(T) {
        constexpr int n = pack_bytes / sizeof(T);
        constexpr auto kernel = map_kernel<T, n, F, decltype(elements<const T>(inputs))...>;
        launch_over(ceil_divide(y.numel(), n), kernel, y.numel(), f, elements<T>(y),
                    elements<const T>(inputs)...);
    });
}

}  // namespace mdn
