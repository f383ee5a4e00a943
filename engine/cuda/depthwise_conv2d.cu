// One small filter per channel, stride 1. Lanes take neighbouring channels, 16 bytes each where
// they divide; all positions of the kernel are summed in registers before the one store.
#include <algorithm>

#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/pack.h"

namespace mdn {

namespace {

/// Sizes of a depthwise convolution from [images, height, width, channels].
struct Geometry {
    int64_t images, channels;
    int height, width, kernel_height, kernel_width, pad_y, pad_x, out_height, out_width;

    Geometry(const Tensor& x, const Tensor& weight, int64_t pad_y, int64_t pad_x, const Tensor& y)
        : images(x.dim(0)),
          channels(x.dim(3)),
          height(static_cast<int>(x.dim(1))),
          width(static_cast<int>(x.dim(2))),
          kernel_height(static_cast<int>(weight.dim(0))),
          kernel_width(static_cast<int>(weight.dim(1))),
          pad_y(static_cast<int>(pad_y)),
          pad_x(static_cast<int>(pad_x)),
          out_height(static_cast<int>(y.dim(1))),
          out_width(static_cast<int>(y.dim(2))) {}
};

/// Neighbouring outputs of a row that one thread computes, so that it reads a weight once for all.
constexpr int strip = 4;

/// out = in ∗ weight; `flipped` turns the filters by 180°. blockIdx.y goes over the images; within
/// one, a thread has n channels of one strip.
template <class T, int n>
__global__ void filter_kernel(Geometry g, const T* in, const float* weight, bool flipped, T* out) {
    const int64_t packs = g.channels / n, strips = (g.out_width + strip - 1) / strip;
    const int64_t item = first_index();
    if (item >= g.out_height * strips * packs) return;
    const int64_t channel = item % packs * n;
    const int x = static_cast<int>(item / packs % strips) * strip;
    const int y = static_cast<int>(item / packs / strips);
    const int last = g.kernel_height * g.kernel_width - 1;
    for (int64_t image = blockIdx.y; image < g.images; image += gridDim.y) {
        const T* from = in + image * g.height * g.width * g.channels + channel;
        T* to = out + ((image * g.out_height + y) * g.out_width + x) * g.channels + channel;
        float sum[strip][n] = {};
        for (int i = 0; i < g.kernel_height; ++i) {
            const int row = y + i - g.pad_y;
            if (row < 0 || row >= g.height) continue;
            for (int j = 0; j < g.kernel_width; ++j) {
                const int tap = i * g.kernel_width + j;
                float w[n];
                load<n>(weight + (flipped ? last - tap : tap) * g.channels + channel, w);
                for (int s = 0; s < strip; ++s) {
                    const int column = x + s + j - g.pad_x;
                    if (column >= 0 && column < g.width) {
                        float at[n];
                        load<n>(from + (int64_t{row} * g.width + column) * g.channels, at);
                        for (int c = 0; c < n; ++c) sum[s][c] += w[c] * at[c];
                    }
                }
            }
        }
        for (int s = 0; s < strip; ++s)
            if (x + s < g.out_width) store<n>(sum[s], to + s * g.channels);
    }
}

/// sums [gridDim.y, taps, channels] of dy·x over `images_per_block` images (blockIdx.y). Each warp
/// takes a position of the kernel, and its lanes the block's 32·n channels (blockIdx.x): warps read
/// the same pixels at about the same time, so most of them find them in cache.
template <class T, int n>
__global__ void correlate_kernel(Geometry g, int64_t images_per_block, const T* in, const T* dy,
                                 float* sums) {
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int warps = blockDim.x / warp_threads, taps = g.kernel_height * g.kernel_width;
    const int64_t channel = (int64_t{blockIdx.x} * warp_threads + lane) * n;
    if (channel >= g.channels) return;
    const int64_t begin = blockIdx.y * images_per_block;
    const int64_t end = min(begin + images_per_block, g.images);
    for (int tap = warp; tap < taps; tap += warps) {
        const int i = tap / g.kernel_width - g.pad_y, j = tap % g.kernel_width - g.pad_x;
        const int top = max(0, -i), bottom = min(g.out_height, g.height - i);
        const int left = max(0, -j), right = min(g.out_width, g.width - j);
        float sum[n] = {};
        for (int64_t image = begin; image < end; ++image)
            for (int y = top; y < bottom; ++y)
                for (int x = left; x < right; ++x) {
                    const int64_t read = (image * g.height + y + i) * g.width + x + j;
                    const int64_t wrote = (image * g.out_height + y) * g.out_width + x;
                    float at[n], grad[n];
                    load<n>(in + read * g.channels + channel, at);
                    load<n>(dy + wrote * g.channels + channel, grad);
                    for (int c = 0; c < n; ++c) sum[c] += at[c] * grad[c];
                }
        store<n>(sum, sums + (int64_t{blockIdx.y} * taps + tap) * g.channels + channel);
    }
}

template <class T>
void filter(const Geometry& g, const T* in, const Tensor& weight, bool flipped, T* out) {
    with_pack<T>(g.channels, [&]<int n>(std::integral_constant<int, n>) {
        const int64_t strips = ceil_divide(g.out_width, strip);
        dim3 grid = blocks_for(g.out_height * strips * (g.channels / n), block_threads);
        grid.y = static_cast<unsigned>(std::min<int64_t>(g.images, 65535));
        launch(filter_kernel<T, n>, grid, block_threads, 0, g, in, weight.data<float>(), flipped,
               out);
    });
}

template <class T>
void correlate(const Geometry& g, const T* in, const T* dy, Tensor& dweight) {
    constexpr int64_t most_blocks = 128;  // over the images: enough together with the channels'
    constexpr int most_warps = 16;
    const int64_t taps = int64_t{g.kernel_height} * g.kernel_width;
    const int64_t blocks = std::min(g.images, most_blocks);
    const int threads = warp_threads * static_cast<int>(std::min<int64_t>(taps, most_warps));
    const Tensor sums = Tensor::empty({blocks, taps, g.channels}, DType::f32, Device::cuda);
    with_pack<T>(g.channels, [&]<int n>(std::integral_constant<int, n>) {
        dim3 grid = blocks_for(g.channels, warp_threads * n);
        grid.y = static_cast<unsigned>(blocks);
        if (blocks > 0)
            launch(correlate_kernel<T, n>, grid, threads, 0, g, ceil_divide(g.images, blocks), in,
                   dy, sums.data<float>());
    });
    column_sums(blocks, taps * g.channels, sums.data<float>(), dweight.data<float>());
}

}  // namespace

void CudaKernels::depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, int64_t pad,
                                           Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        filter(Geometry(x, weight, pad, pad, y), elements<T>(x), weight, false, elements<T>(y));
    });
}

void CudaKernels::depthwise_conv2d_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                            int64_t pad, Tensor& dx, Tensor& dweight) {
    with_activation_type(x, [&]<class T>(T) {
        // dx is a convolution of dy: the sizes swap and the padding is what is left of the kernel.
        const Geometry back(dy, weight, weight.dim(0) - 1 - pad, weight.dim(1) - 1 - pad, dx);
        filter(back, elements<T>(dy), weight, true, elements<T>(dx));
        correlate(Geometry(x, weight, pad, pad, dy), elements<T>(x), elements<T>(dy), dweight);
    });
}

}  // namespace mdn
