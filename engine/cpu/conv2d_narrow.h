// Convolutions of few output channels, with nothing packed.
//
// A packed patch is worth its copy when many output channels multiply it: with 16, each number
// copied meets one vector of weights. Here the input is copied once, into a strip padded with
// zeros that stays in cache, and patches are read in place: below one kernel row, the patches of
// neighbouring output pixels are runs of kernel_width·channels numbers, stride·channels apart.
#pragma once

#include <cstdint>

#include "engine/cpu/conv2d_patches.h"

namespace mdn {

/// Where the numbers of an output pixel start: data + image·image_stride + y·row_stride +
/// x·pixel_stride.
template <class T>
struct OutputPixels {
    T* data;
    int64_t image_stride, row_stride, pixel_stride;
};

/// Whether the functions below can compute it and are faster than the packed products.
template <class T>
bool narrow_pays(const Patches<T>& patches, int64_t out_channels);

/// y = patches·weights, weights being the panels of pack_weights; finished where `finish` is given.
template <class T>
void narrow_conv2d(const Patches<T>& patches, const T* weights, int64_t out_channels,
                   const OutputPixels<T>& y, const Finish<T>* finish = nullptr);

/// dweight [out_channels, patches.columns()] = dyᵀ·patches. The sum runs in an order that depends
/// on the sizes and the number of threads only.
template <class T>
void narrow_weight_gradient(const Patches<T>& patches, const T* dy, int64_t out_channels,
                            T* dweight);

/// Output channels that are computed at a time.
template <class T>
inline constexpr int narrow_width = 2 * lanes<T>;

/// The right operand [k,n] as panels of narrow_width columns, one after another; valid until the
/// thread packs the next.
template <class T, class B>
const T* pack_weights(const B& b, int64_t k, int64_t n) {
    T* const panels = workspace<T>(Workspace::shared_b, k * ceil_div(n, lanes<T>) * lanes<T>);
    for (int64_t column = 0; column < n; column += narrow_width<T>)
        b.pack(0, k, column, std::min<int64_t>(narrow_width<T>, n - column), panels + column * k);
    return panels;
}

}  // namespace mdn
