// What a convolution multiplies and where its results go, as operands and outputs of
// tile_product.h. The patch matrix and the flipped weights (geometry/conv2d.h) are found number by
// number in the image and in the weights as these lie: neither is ever written to memory.
#pragma once

#include <cstdlib>

#include "engine/cuda/tile_product.h"
#include "engine/geometry/conv2d.h"

namespace mdn {

template <class T>
using CudaPatches = Patches<T, float>;

/// Rows of a patch matrix as the pixels they stand for.
class PixelRows {
  public:
    PixelRows() = default;
    /// Throws Error when an image is beyond 2³¹.
    PixelRows(int64_t height, int64_t width) : height_(height), width_(width) {
        if (height * width >= Divisor::limit)
            throw Error("[conv2d] images of " + std::to_string(height) + "×" +
                        std::to_string(width) + " are too large");
    }

    struct Pixel {
        uint32_t image;
        int y, x;
    };
    __device__ Pixel pixel(int64_t row) const {
        auto x = static_cast<uint32_t>(row);
        uint32_t y = width_.split(x);
        const uint32_t image = height_.split(y);
        return {image, static_cast<int>(y), static_cast<int>(x)};
    }

  private:
    Divisor height_, width_;
};

/// The patch matrix. `whole`: channels, and those that the temporal shift moves, are whole units.
template <class T, bool along, bool whole>
class PatchOperand {
  public:
    using Element = T;
    static constexpr bool along_depth = along, whole_units = whole;

    /// Throws Error where a kernel reaches too far for the arithmetic below.
    explicit PatchOperand(const CudaPatches<T>& p)
        : image_(p.image),
          scale_(p.scale),
          shift_(p.shift),
          relu_(p.relu),
          rows_(p.rows()),
          columns_(p.columns()),
          pixels_(p.out_height, p.out_width),
          frames_(frames_of(p)),
          kernel_line_(p.kernel_width * p.channels),
          channels_(p.channels),
          height_(checked(p.height, p.out_height, p.stride, p.pad_y, p.kernel_height)),
          width_(checked(p.width, p.out_width, p.stride, p.pad_x, p.kernel_width)),
          clip_frames_(static_cast<int>(frames_of(p))),
          stride_(static_cast<int>(p.stride)),
          pad_y_(static_cast<int>(p.pad_y)),
          pad_x_(static_cast<int>(p.pad_x)),
          fold_(static_cast<uint32_t>(p.fold())),
          pixel_(p.channels) {}

    /// A pixel of the output: where its patch begins. `offset` counts numbers of the image.
    struct Row {
        int64_t offset;
        int y, x, frame;
    };
    /// A tap of the kernel and a channel.
    struct Column {
        int64_t offset;
        int y, x, step;  // frames away
        uint32_t channel;
    };

    __device__ Row row(int64_t i) const {
        if (i >= rows_) return {0, outside, 0, 0};
        const PixelRows::Pixel at = pixels_.pixel(i);
        uint32_t frame = at.image;
        frames_.split(frame);
        const int y = at.y * stride_ - pad_y_, x = at.x * stride_ - pad_x_;
        return {((int64_t{at.image} * height_ + y) * width_ + x) * pixel_, y, x,
                static_cast<int>(frame)};
    }
    __device__ Column column(int64_t j) const {
        if (j >= columns_) return {0, outside, 0, 0, 0};
        auto x = static_cast<uint32_t>(j);
        const auto ky = static_cast<int>(kernel_line_.split(x));
        uint32_t channel = x;
        const auto kx = static_cast<int>(channels_.split(channel));
        const int step = channel < fold_ ? 1 : channel < 2 * fold_ ? -1 : 0;
        const int64_t lines = int64_t{step} * height_ + ky;
        return {(lines * width_ + kx) * pixel_ + channel, ky, kx, step, channel};
    }
    __device__ const T* begin() const { return image_; }
    __device__ const T* find(const Row& row, const Column& column) const {
        const bool inside = is_below(row.y, column.y, height_) &&
                            is_below(row.x, column.x, width_) &&
                            is_below(row.frame, column.step, clip_frames_);
        return inside ? image_ + row.offset + column.offset : nullptr;
    }

    __device__ bool transforms() const { return scale_ != nullptr; }
    template <int n>
    __device__ void transform(const Column& column, float (&values)[n]) const {
        float scale[n], shift[n];
        load(scale_ + column.channel, scale);
        load(shift_ + column.channel, shift);
        for (int i = 0; i < n; ++i) {
            values[i] = scale[i] * values[i] + shift[i];
            if (relu_ && values[i] < 0) values[i] = 0;  // NaN stays NaN
        }
    }

  private:
    /// A line far below any image, also when another such is added to it.
    static constexpr int outside = 1 << 30;

    /// 0 ≤ a + b < end.
    __device__ static bool is_below(int a, int b, int end) {
        return static_cast<unsigned>(a) + static_cast<unsigned>(b) < static_cast<unsigned>(end);
    }
    static int64_t frames_of(const CudaPatches<T>& p) {
        return p.shift_frames > 0 ? p.shift_frames : 1;
    }
    /// The length of an axis, if no tap comes near `outside` from either side of it.
    static int checked(int64_t length, int64_t outputs, int64_t stride, int64_t pad, int64_t taps) {
        if (length + stride * outputs + std::abs(pad) + taps > outside)
            throw Error("[conv2d] an image's side of " + std::to_string(length) + " pixels, or " +
                        std::to_string(outputs) + " strides of " + std::to_string(stride) +
                        ", is too long");
        return static_cast<int>(length);
    }

    const T* image_;
    const float *scale_, *shift_;
    bool relu_;
    int64_t rows_, columns_;
    PixelRows pixels_;
    Divisor frames_, kernel_line_, channels_;
    int height_, width_, clip_frames_;
    int stride_, pad_y_, pad_x_;
    uint32_t fold_;
    int64_t pixel_;  // numbers from one pixel to the next
};

/// The flipped weights of one phase, [(j_y, j_x, o), i]: rows follow one another along the depth.
template <class T, bool whole>
class FlippedOperand {
  public:
    using Element = T;
    static constexpr bool along_depth = false, whole_units = whole;

    FlippedOperand(const T* weight, const FlippedWeights& flip)
        : weight_(weight),
          rows_(flip.rows()),
          columns_(flip.in_channels),
          out_channels_(flip.out_channels),
          taps_(flip.x.taps),
          kernel_height_(flip.kernel_height),
          kernel_width_(flip.kernel_width),
          y_(flip.y),
          x_(flip.x) {}

    using Row = int64_t;  // where its weight for channel 0 lies; negative: beyond the end
    using Column = int64_t;
    __device__ Row row(int64_t k) const {
        if (k >= rows_) return -1;
        auto o = static_cast<uint32_t>(k);
        uint32_t tap_x = out_channels_.split(o);
        const uint32_t tap_y = taps_.split(tap_x);
        const int64_t ky = y_.kernel_position(tap_y), kx = x_.kernel_position(tap_x);
        return ((o * kernel_height_ + ky) * kernel_width_ + kx) * columns_;
    }
    __device__ Column column(int64_t i) const { return i < columns_ ? i : -1; }
    __device__ const T* begin() const { return weight_; }
    __device__ const T* find(Row row, Column column) const {
        return row < 0 || column < 0 ? nullptr : weight_ + row + column;
    }
    __device__ static constexpr bool transforms() { return false; }
    template <int n>
    __device__ void transform(Column, float (&)[n]) const {}

  private:
    const T* weight_;
    int64_t rows_, columns_;
    Divisor out_channels_, taps_;
    int64_t kernel_height_, kernel_width_;
    Phase y_, x_;
};

/// Stores a convolution's output, and where asked the moments of each tile of rows: mean and
/// Σ(y − mean)² of every column, [tiles, columns] each. Where the depth is cut, it stores the
/// parts' sums, [parts, rows, columns], instead of both.
template <class T>
struct ConvolutionOut {
    static constexpr int unit = copy_bytes / int{sizeof(T)};
    T* y;
    int64_t columns;
    float *mean = nullptr, *squares = nullptr;
    float* parts = nullptr;
    int64_t part = 0;  // numbers from one to the next

    /// Sums relative to the thread's first row, which lies among the data however far they are from
    /// zero.
    struct Summary {
        float count = 0, origin[unit] = {}, sum[unit] = {}, square[unit] = {};

        __device__ void add(const float (&values)[unit]) {
            for (int i = 0; i < unit; ++i) {
                if (count == 0) origin[i] = values[i];
                const float distance = values[i] - origin[i];
                sum[i] += distance;
                square[i] += distance * distance;
            }
            ++count;
        }
        __device__ float2 of(int i) const {
            const float to_mean = count > 0 ? sum[i] / count : 0.f;
            const float around_mean = square[i] - sum[i] * to_mean;
            return {origin[i] + to_mean, around_mean < 0 ? 0.f : around_mean};  // NaN stays NaN
        }
        /// Chan, Golub and LeVeque 1979.
        __device__ static void join(float2& total, float rows, const float2& more,
                                    float more_rows) {
            const float distance = more.x - total.x, share = more_rows / (rows + more_rows);
            total.x += distance * share;
            total.y += more.y + distance * distance * rows * share;
        }
    };

    /// The moments are those of what is stored: rounded.
    __device__ void store(int64_t row, int64_t column, float (&values)[unit],
                          Summary& summary) const {
        const int64_t at = row * columns + column;
        if (parts) return store_unit(values, columns, column, parts + blockIdx.y * part + at);
        for (float& value : values) value = to_float(from_float<T>(value));
        store_unit(values, columns, column, y + at);
        summary.add(values);
    }
    __device__ bool summarises() const { return mean != nullptr; }
    __device__ void finish(int64_t tile, int64_t column, const float2& moments) const {
        mean[tile * columns + column] = moments.x;
        squares[tile * columns + column] = moments.y;
    }
};

/// The batch norm in front of a convolution, as its gradient comes out of the product: behind the
/// ReLU, and with the sums Σ g·x̂ and Σ g of every tile of rows. Pointers to [C] but for x and
/// output, which lie as dx does, and the sums, [tiles,C] each.
template <class T>
struct NormSums {
    const T *x = nullptr, *output = nullptr;
    const float *mean = nullptr, *inv_std = nullptr, *scale = nullptr, *shift = nullptr;
    bool relu = false;  // of scale·x + shift, where there is no output
    float *sum_gx = nullptr, *sum_g = nullptr;

    __device__ bool wanted() const { return x != nullptr; }

    /// n values become g, rounded as it is stored; `gx` and `g` are the thread's sums. `at` is
    /// where the first lies in dx.
    template <int n>
    __device__ void add(int64_t at, int64_t channel, float (&values)[n], float* gx,
                        float* g) const {
        float inputs[n], centre[n], through[n];
        load(x + at, inputs);
        load(mean + channel, centre);
        if (output) {
            load(output + at, through);
        } else if (relu) {
            float factor[n], offset[n];
            load(scale + channel, factor);
            load(shift + channel, offset);
            for (int i = 0; i < n; ++i) through[i] = factor[i] * inputs[i] + offset[i];
        } else {
            for (float& one : through) one = 1;
        }
        for (int i = 0; i < n; ++i) {
            values[i] = through[i] <= 0 ? 0.f : to_float(from_float<T>(values[i]));
            gx[i] += values[i] * (inputs[i] - centre[i]);
            g[i] += values[i];
        }
    }
};

/// Stores the gradient of one phase's pixels where these lie in dx, and a channel that the temporal
/// shift took from another frame in that frame: each row writes one frame of every channel. Where
/// the shift read beyond the clip, nothing is owed to anyone; the row then writes the zeros of the
/// clip's other end, which no row has read.
template <class T>
class PhaseOut {
  public:
    static constexpr int unit = copy_bytes / int{sizeof(T)};
    /// Σ g·(x − mean) and Σ g.
    struct Summary {
        float gx[unit] = {}, g[unit] = {};
        __device__ float2 of(int i) const { return {gx[i], g[i]}; }
        __device__ static void join(float2& total, float, const float2& more, float) {
            total.x += more.x;
            total.y += more.y;
        }
    };

    /// `add`: to what lies there, instead of over it. The phase's tiles of rows follow
    /// `tiles_before` others.
    PhaseOut(T* dx, const Shape& shape, const Phase& y, const Phase& x, int64_t shift_frames,
             bool add, const NormSums<T>& sums, int64_t tiles_before)
        : dx_(dx),
          add_(add),
          sums_(sums),
          tiles_before_(tiles_before),
          pixels_(y.positions, x.positions),
          frames_(shift_frames > 0 ? shift_frames : 1),
          height_(shape[1]),
          width_(shape[2]),
          channels_(shape[3]),
          clip_frames_(shift_frames > 0 ? shift_frames : 1),
          fold_(shift_frames > 0 ? shape[3] / 8 : 0),
          stride_(y.stride),
          phase_y_(y.phase),
          phase_x_(x.phase) {}

    __device__ void store(int64_t row, int64_t channel, float (&values)[unit],
                          Summary& summary) const {
        const PixelRows::Pixel at = pixels_.pixel(row);
        if (channels_ % unit == 0 && (fold_ % unit == 0 || channel >= 2 * fold_))
            return store_in_frame(at, channel, values, summary.gx, summary.g);
        for (int i = 0; i < unit && channel + i < channels_; ++i) {
            float one[1] = {values[i]};
            store_in_frame(at, channel + i, one, summary.gx + i, summary.g + i);
        }
    }
    __device__ bool summarises() const { return sums_.wanted(); }
    __device__ void finish(int64_t tile, int64_t channel, const float2& total) const {
        const int64_t at = (tiles_before_ + tile) * channels_ + channel;
        sums_.sum_gx[at] = total.x * sums_.inv_std[channel];
        sums_.sum_g[at] = total.y;
    }

  private:
    /// n channels that the shift moves alike.
    template <int n>
    __device__ void store_in_frame(const PixelRows::Pixel& at, int64_t channel, float (&values)[n],
                                   float* gx, float* g) const {
        int64_t image = at.image;
        if (channel < 2 * fold_) {
            uint32_t frame = at.image;
            frames_.split(frame);
            const int64_t moved = int64_t{frame} + (channel < fold_ ? 1 : -1);
            const bool stays = moved >= 0 && moved < clip_frames_;
            image += (stays ? moved : moved < 0 ? clip_frames_ - 1 : 0) - int64_t{frame};
            for (float& value : values) value = stays ? value : 0.f;
        }
        const int64_t y = at.y * stride_ + phase_y_, x = at.x * stride_ + phase_x_;
        const int64_t offset = ((image * height_ + y) * width_ + x) * channels_ + channel;
        if (add_) {
            float before[n];
            load(dx_ + offset, before);
            for (int i = 0; i < n; ++i) values[i] += before[i];
        }
        if (sums_.wanted()) sums_.add(offset, channel, values, gx, g);
        mdn::store(values, dx_ + offset);
    }

    T* dx_;
    bool add_;
    NormSums<T> sums_;
    int64_t tiles_before_;
    PixelRows pixels_;
    Divisor frames_;
    int64_t height_, width_, channels_, clip_frames_, fold_, stride_, phase_y_, phase_x_;
};

}  // namespace mdn
