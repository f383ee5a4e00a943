// The patch matrix of a convolution, read straight from the image and never stored.
//
// Row i is output pixel (image, y, x); column j is (kernel row, kernel column, channel), the order
// of the weights. A convolution is the product of this matrix with the transposed weights. Any
// block of it can be copied into a panel: each row of a block is a few runs of consecutive numbers
// of the channels-last image, or zeros where a run falls into the padding or beyond the clip.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/cpu/gemm_driver.h"
#include "engine/cpu/gemm_pack.h"

namespace mdn {

template <class T>
struct Patches {
    const T* image;  // [images,height,width,channels]
    int64_t images, height, width, channels;
    int64_t kernel_height, kernel_width;
    int64_t stride;
    int64_t pad_y, pad_x;  // rows above and columns to the left of the image; may be negative
    int64_t out_height, out_width;
    int64_t shift_frames = 0;  // as in Conv2d
    // What is read is scale·x + shift per channel (where given), behind a ReLU if `relu`.
    const T* scale = nullptr;
    const T* shift = nullptr;
    bool relu = false;

    int64_t rows() const { return images * out_height * out_width; }
    int64_t columns() const { return kernel_height * kernel_width * channels; }

    /// Copies rows [row, row + count) × columns [column, column + width), width <= block_depth:
    /// row r goes to destination(r), r from 0.
    template <class Destination>
    void copy(int64_t row, int64_t count, int64_t column, int64_t width,
              const Destination& destination) const {
        Run runs[block_depth];
        const int run_count = split_into_runs(column, width, runs);
        int64_t x = row % out_width, y = row / out_width % out_height;
        int64_t n = row / (out_width * out_height);
        for (int64_t r = 0; r < count; ++r) {
            T* to = destination(r);
            for (int i = 0; i < run_count; ++i) {
                copy_run(runs[i], n, y, x, to);
                to += runs[i].length;
            }
            if (++x == out_width) {
                x = 0;
                if (++y == out_height) {
                    y = 0;
                    ++n;
                }
            }
        }
    }

  private:
    /// Columns whose numbers lie side by side in the image.
    struct Run {
        int64_t kernel_row;
        int64_t offset;   // from the start of the patch's row in the image
        int64_t length;   // numbers
        int64_t channel;  // of the first number
        int64_t frame;    // 1 or −1 where the temporal shift reads the next or previous frame
    };

    /// A patch's row is contiguous across kernel columns; it is cut only where the channel matters.
    int split_into_runs(int64_t column, int64_t width, Run* runs) const {
        const int64_t kernel_row_length = kernel_width * channels, fold = channels / 8;
        const bool by_channel = scale || shift_frames > 0;
        int count = 0;
        for (int64_t j = column; j < column + width;) {
            const int64_t offset = j % kernel_row_length, channel = j % channels;
            int64_t length = std::min(column + width - j, kernel_row_length - offset), frame = 0;
            if (by_channel) length = std::min(length, channels - channel);
            if (shift_frames > 0) {
                if (channel < fold) {
                    frame = 1;
                    length = std::min(length, fold - channel);
                } else if (channel < 2 * fold) {
                    frame = -1;
                    length = std::min(length, 2 * fold - channel);
                }
            }
            runs[count++] = {j / kernel_row_length, offset, length, channel, frame};
            j += length;
        }
        return count;
    }

    void copy_run(const Run& run, int64_t n, int64_t out_y, int64_t out_x, T* to) const {
        const int64_t y = out_y * stride - pad_y + run.kernel_row;
        bool inside = y >= 0 && y < height;
        if (run.frame != 0) {
            const int64_t t = n % shift_frames + run.frame;
            inside = inside && t >= 0 && t < shift_frames;
        }
        if (!inside) return std::fill(to, to + run.length, T{0});
        // The run as a piece of the image's row, and the part of it that exists.
        const int64_t begin = (out_x * stride - pad_x) * channels + run.offset;
        const int64_t first = std::clamp<int64_t>(-begin, 0, run.length);
        const int64_t last = std::clamp<int64_t>(width * channels - begin, first, run.length);
        const T* from = image + ((n + run.frame) * height + y) * width * channels + begin;
        std::fill(to, to + first, T{0});
        if (scale)
            copy_affine(from + first, run.channel + first, last - first, to + first);
        else
            mdn::copy_run(from + first, last - first, to + first);
        std::fill(to + last, to + run.length, T{0});
    }

    void copy_affine(const T* from, int64_t channel, int64_t count, T* to) const {
        const T *a = scale + channel, *b = shift + channel;
        int64_t i = 0;
        for (; i + lanes<T> <= count; i += lanes<T>) {
            const Vector<T> value = load(from + i) * load(a + i) + load(b + i);
            store(to + i, relu ? maximum(value, Vector<T>{}) : value);
        }
        for (; i < count; ++i) {
            const T value = from[i] * a[i] + b[i];
            to[i] = relu && !(value > 0) ? T{0} : value;
        }
    }
};

/// The patch matrix as the left operand of a product.
template <class T>
struct PatchesA {
    static constexpr PanelLayout layout = PanelLayout::by_row;
    const Patches<T>& patches;
    void pack(int64_t row, int64_t rows, int64_t k, int64_t depth, T* panels) const {
        patches.copy(row, rows, k, depth, [=](int64_t r) {
            return panels + r / tile_rows * panel_size<T> + r % tile_rows * panel_row_stride<T>;
        });
    }
};

/// The patch matrix as the right operand: the sum runs over pixels.
template <class T>
struct PatchesB {
    const Patches<T>& patches;
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panel) const {
        const int64_t stride = panel_width<T>(columns);
        patches.copy(k, depth, column, columns, [=](int64_t r) { return panel + r * stride; });
    }
};

}  // namespace mdn
