// Rows of the images that a convolution reads: padded with zeros, through the temporal shift and
// relu(BN(x)). A row is read as one piece, so that the loop over its pixels asks nothing.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/cpu/gemm_pack.h"
#include "engine/geometry/conv2d.h"

namespace mdn {

/// to[i] = relu?(scale[i]·from[i] + shift[i]) for 0 ≤ i < count. The ReLU lets what is not a number
/// through, so that it shows in the loss.
template <class T, bool relu>
inline void copy_affine(const T* from, const T* scale, const T* shift, int64_t count, T* to) {
    int64_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) {
        const Vector<T> value = load(from + i) * load(scale + i) + load(shift + i);
        store(to + i, relu ? maximum(Vector<T>{}, value) : value);
    }
    for (; i < count; ++i) {
        const T value = from[i] * scale[i] + shift[i];
        to[i] = relu && value < 0 ? T{0} : value;
    }
}

/// Columns [first, first + width) of the rows of `patches`' images; those outside are zeros.
template <class T>
class ImageRows {
  public:
    ImageRows(const Patches<T>& patches, int64_t first, int64_t width)
        : patches_(patches),
          left_(std::clamp<int64_t>(-first, 0, width)),
          inside_(std::clamp<int64_t>(patches.width - first, left_, width) - left_),
          right_(width - left_ - inside_),
          column_(first + left_) {}

    /// Row y of an image, or zeros where it has no such row: width·channels numbers.
    void read(int64_t image, int64_t y, T* to) const {
        const Patches<T>& p = patches_;
        const int64_t channels = p.channels;
        if (y < 0 || y >= p.height || inside_ == 0)
            return std::fill(to, to + (left_ + inside_ + right_) * channels, T{0});
        to = std::fill_n(to, left_ * channels, T{0});
        const T* const from = p.image + ((image * p.height + y) * p.width + column_) * channels;
        if (!p.scale)
            copy_run(from, inside_ * channels, to);
        else
            copy_pixels(from, 0, channels, to);
        if (p.shift_frames > 0) {
            const int64_t frame = image % p.shift_frames, fold = p.fold();
            const int64_t frame_size = p.height * p.width * channels;
            shift_in(frame + 1 < p.shift_frames ? from + frame_size : nullptr, 0, fold, to);
            shift_in(frame > 0 ? from - frame_size : nullptr, fold, 2 * fold, to);
        }
        std::fill_n(to + inside_ * channels, right_ * channels, T{0});
    }

  private:
    /// Channels [begin, end) of the row's pixels.
    void copy_pixels(const T* from, int64_t begin, int64_t end, T* to) const {
        const int64_t channels = patches_.channels;
        const T *scale = patches_.scale + begin, *shift = patches_.shift + begin;
        const auto copy = patches_.relu ? copy_affine<T, true> : copy_affine<T, false>;
        for (int64_t x = 0; x < inside_; ++x)
            copy(from + x * channels + begin, scale, shift, end - begin, to + x * channels + begin);
    }
    /// The same from another frame; zeros if the clip has none there.
    void shift_in(const T* from, int64_t begin, int64_t end, T* to) const {
        const int64_t channels = patches_.channels;
        if (from && patches_.scale) return copy_pixels(from, begin, end, to);
        for (int64_t i = 0; i < inside_ * channels; i += channels)
            for (int64_t c = begin; c < end; ++c) to[i + c] = from ? from[i + c] : T{0};
    }

    const Patches<T>& patches_;
    int64_t left_, inside_, right_;  // pixels of the piece: padding, image, padding
    int64_t column_;                 // of the first pixel that is in the image
};

}  // namespace mdn
