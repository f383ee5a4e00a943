// 3×3 convolutions of stride 1 with a quarter of the multiplications: Winograd's F(4×4, 3×3)
// (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016).
//
// Four outputs in a row of a 3-tap filter take 12 products. Seen as a product of polynomials, their
// values at six points do: y = Aᵀ[(G g) ⊙ (Bᵀ d)] for six inputs d and three weights g, and in two
// dimensions Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A: 36 products for 16 outputs instead of 144. Summed over
// input channels, each of the 36 positions is a matrix product [tiles, I]·[I, O].
//
// The transforms add and subtract what nearly cancels, so results are about ten times less exact
// than direct sums: less than 2e-6 of their norm in float.
#pragma once

#include <cstdint>

#include "engine/cpu/conv2d_patches.h"

namespace mdn {

/// The weights of a 3×3 convolution as both passes see them: element (n, ky, kx, k), n an output
/// channel of the product and k an input channel.
template <class T>
struct WinogradWeights {
    const T* data;                      // [O,3,3,I]
    int64_t out_channels, in_channels;  // n and k
    bool flipped;                       // data is [k,3,3,n], turned by 180°: the input gradient
};

/// Whether winograd_conv2d can compute it and is worth it: enough channels and tiles for the
/// transforms to be small beside the products.
template <class T>
bool winograd_pays(const Patches<T>& patches, int64_t out_channels);

/// y [images·out_height·out_width, out_channels] = patches·weights, finished where `finish` is
/// given. Patches are 3×3 of stride 1.
template <class T>
void winograd_conv2d(const Patches<T>& patches, const WinogradWeights<T>& weights, T* y,
                     const Finish<T>* finish = nullptr);

/// dweight [out_channels,3,3,channels] = dyᵀ·patches.
template <class T>
void winograd_weight_gradient(const Patches<T>& patches, const T* dy, int64_t out_channels,
                              T* dweight);

}  // namespace mdn
