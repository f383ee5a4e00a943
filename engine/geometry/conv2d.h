// The index arithmetic of convolutions, for both devices.
//
// A convolution is the product of the patch matrix with the transposed weights. Row i of that
// matrix is output pixel (image, y, x); column j is (kernel row, kernel column, channel), the order
// of the weights. The gradient of the input is again a convolution of stride 1, one for each phase
// of the stride.
#pragma once

#include <cstdint>

#include "engine/kernels.h"

namespace mdn {

/// The patch matrix of images of T, read through constants of type C. Nothing is stored: it says
/// where the numbers lie.
template <class T, class C = T>
struct Patches {
    const T* image = nullptr;  // [images,height,width,channels]
    int64_t images = 0, height = 0, width = 0, channels = 0;
    int64_t kernel_height = 1, kernel_width = 1, stride = 1;
    // Rows above and columns to the left of the image; negative ones skip a part of it.
    int64_t pad_y = 0, pad_x = 0;
    int64_t out_height = 0, out_width = 0;
    int64_t shift_frames = 0;  // as in Conv2d
    // What is read is scale·x + shift per channel (where given), behind a ReLU if `relu`.
    const C* scale = nullptr;
    const C* shift = nullptr;
    bool relu = false;

    int64_t rows() const { return images * out_height * out_width; }
    int64_t columns() const { return kernel_height * kernel_width * channels; }
    /// Channels that come from the next frame of the clip, and as many that come from the previous.
    int64_t fold() const { return shift_frames > 0 ? channels / 8 : 0; }
    /// True where the patch matrix is the image itself: a plain 1×1 convolution.
    bool is_image() const {
        return columns() == channels && stride == 1 && pad_y == 0 && pad_x == 0 &&
               out_height == height && out_width == width && shift_frames == 0 && !scale;
    }
};

/// Of x [N,H,W,I], whose elements are at `image`, under weights [O,kh,kw,I] and with outputs y
/// [N,H',W',O].
template <class T, class C = T>
Patches<T, C> patches_of(const T* image, const Shape& x, const ChannelAffine& read,
                         const Shape& weight, const Conv2d& options, const Shape& y) {
    Patches<T, C> patches{.image = image,
                          .images = x[0],
                          .height = x[1],
                          .width = x[2],
                          .channels = x[3],
                          .kernel_height = weight[1],
                          .kernel_width = weight[2],
                          .stride = options.stride,
                          .pad_y = options.pad,
                          .pad_x = options.pad,
                          .out_height = y[1],
                          .out_width = y[2],
                          .shift_frames = options.shift_frames};
    if (read.defined()) {
        patches.scale = read.scale.data<C>();
        patches.shift = read.shift.data<C>();
        patches.relu = read.relu;
    }
    return patches;
}

/// Input positions of one phase along one axis: those with position % stride == phase. Output o
/// reaches input s·o − pad + k through kernel position k. So position s·q + phase is reached by
/// k = first_tap + s·j, j = 0..taps−1, from output q + reach − j: seen from q, a convolution of
/// stride 1 over the outputs whose kernel holds every s-th weight in reverse order.
struct Phase {
    Phase(int64_t phase, const Conv2d& options, int64_t kernel, int64_t size)
        : phase(phase),
          positions(size > phase ? (size - phase - 1) / options.stride + 1 : 0),
          stride(options.stride),
          first_tap((phase + options.pad) % options.stride),
          taps(kernel > first_tap ? (kernel - first_tap - 1) / options.stride + 1 : 0),
          reach((phase + options.pad - first_tap) / options.stride) {}
    int64_t phase, positions, stride, first_tap, taps, reach;
    /// Padding of that convolution: its first kernel position reads output q + reach − (taps − 1).
    int64_t pad() const { return taps - 1 - reach; }
    /// The kernel position of its j-th tap.
    constexpr int64_t kernel_position(int64_t j) const {
        return first_tap + stride * (taps - 1 - j);
    }
};

/// Of dy [N,H',W',O], whose elements are at `image`, as one phase of the input reads it.
template <class T, class C = T>
Patches<T, C> patches_of(const T* image, const Shape& dy, const Phase& y, const Phase& x) {
    return {.image = image,
            .images = dy[0],
            .height = dy[1],
            .width = dy[2],
            .channels = dy[3],
            .kernel_height = y.taps,
            .kernel_width = x.taps,
            .pad_y = y.pad(),
            .pad_x = x.pad(),
            .out_height = y.positions,
            .out_width = x.positions};
}

/// The flipped weights of one phase are a right operand [(j_y, j_x, o), i].
struct FlippedWeights {
    int64_t out_channels, kernel_height, kernel_width, in_channels;  // of weight [O,kh,kw,I]
    Phase y, x;

    FlippedWeights(const Shape& weight, const Phase& y, const Phase& x)
        : out_channels(weight[0]),
          kernel_height(weight[1]),
          kernel_width(weight[2]),
          in_channels(weight[3]),
          y(y),
          x(x) {}
    constexpr int64_t rows() const { return y.taps * x.taps * out_channels; }
    /// Where a row's weight for input channel 0 lies.
    constexpr int64_t offset(int64_t row) const {
        const int64_t o = row % out_channels, tap = row / out_channels;
        const int64_t ky = y.kernel_position(tap / x.taps), kx = x.kernel_position(tap % x.taps);
        return ((o * kernel_height + ky) * kernel_width + kx) * in_channels;
    }
    /// From a row to the next of the same tap.
    constexpr int64_t row_step() const { return kernel_height * kernel_width * in_channels; }
};

}  // namespace mdn
