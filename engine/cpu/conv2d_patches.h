// The patch matrix of a convolution, read straight from the image and never stored.
//
// Any block of the matrix (geometry/conv2d.h) can be copied into a panel: each row of a block is a
// few runs of consecutive numbers of the channels-last image, or zeros where a run falls into the
// padding or beyond the clip.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/cpu/gemm_driver.h"
#include "engine/cpu/gemm_pack.h"
#include "engine/cpu/image_rows.h"
#include "engine/geometry/conv2d.h"

namespace mdn {

/// Copies columns [column, column + width) of the patch matrix, a row at a time.
template <class T>
class PatchRows {
  public:
    PatchRows(const Patches<T>& patches, int64_t row, int64_t column, int64_t width)
        : patches_(patches),
          x_(row % patches.out_width),
          y_(row / patches.out_width % patches.out_height),
          image_(row / (patches.out_width * patches.out_height)) {
        split_into_runs(column, width);
    }

    /// Copies the current row and moves on to the next.
    void next(T* to) {
        for (int i = 0; i < run_count_; ++i) {
            copy_piece(runs_[i], to);
            to += runs_[i].length;
        }
        if (++x_ < patches_.out_width) return;
        x_ = 0;
        if (++y_ < patches_.out_height) return;
        y_ = 0;
        ++image_;
    }

  private:
    /// Panels are narrower and shallower than this, so that even runs of one number fit.
    static constexpr int64_t max_runs = 512;
    static_assert(block_depth <= max_runs && gemm_long_k_chunk<T> <= max_runs);

    /// Columns whose numbers lie side by side in the image.
    struct Run {
        int64_t kernel_row;
        int64_t offset;   // from the start of the patch's row in the image
        int64_t length;   // numbers
        int64_t channel;  // of the first number
        int64_t frame;    // 1 or −1 where the temporal shift reads the next or previous frame
    };

    /// A patch's row is contiguous across kernel columns; it is cut only where the channel matters.
    void split_into_runs(int64_t column, int64_t width) {
        const int64_t channels = patches_.channels, fold = patches_.fold();
        const int64_t row_length = patches_.kernel_width * channels;
        const bool shifted = patches_.shift_frames > 0;
        for (int64_t j = column; j < column + width;) {
            const int64_t offset = j % row_length, channel = j % channels;
            int64_t length = std::min(column + width - j, row_length - offset), frame = 0;
            if (shifted || patches_.scale) length = std::min(length, channels - channel);
            if (shifted && channel < 2 * fold) {
                frame = channel < fold ? 1 : -1;
                length = std::min(length, (channel < fold ? fold : 2 * fold) - channel);
            }
            runs_[run_count_++] = {j / row_length, offset, length, channel, frame};
            j += length;
        }
    }

    void copy_piece(const Run& run, T* to) const {
        const Patches<T>& p = patches_;
        const int64_t y = y_ * p.stride - p.pad_y + run.kernel_row;
        bool inside = y >= 0 && y < p.height;
        if (run.frame != 0) {
            const int64_t t = image_ % p.shift_frames + run.frame;
            inside = inside && t >= 0 && t < p.shift_frames;
        }
        if (!inside) return std::fill(to, to + run.length, T{0});
        // The run as a piece of the image's row, and the part of it that exists.
        const int64_t begin = (x_ * p.stride - p.pad_x) * p.channels + run.offset;
        const int64_t first = std::clamp<int64_t>(-begin, 0, run.length);
        const int64_t last = std::clamp<int64_t>(p.width * p.channels - begin, first, run.length);
        const T* from =
            p.image + ((image_ + run.frame) * p.height + y) * p.width * p.channels + begin;
        std::fill(to, to + first, T{0});
        if (p.scale) {
            const auto copy = p.relu ? copy_affine<T, true> : copy_affine<T, false>;
            const int64_t channel = run.channel + first;
            copy(from + first, p.scale + channel, p.shift + channel, last - first, to + first);
        } else
            copy_run(from + first, last - first, to + first);
        std::fill(to + last, to + run.length, T{0});
    }

    const Patches<T>& patches_;
    int64_t x_, y_, image_;
    int run_count_ = 0;
    Run runs_[max_runs];
};

/// The patch matrix as the left operand of a product.
template <class T>
struct PatchesA {
    static constexpr PanelLayout layout = PanelLayout::by_row;
    const Patches<T>& patches;
    PanelsOfA<T> panels(int64_t row, int64_t rows, int64_t k, int64_t depth, T* buffer) const {
        PatchRows<T> source(patches, row, k, depth);
        for (int64_t r = 0; r < rows; ++r)
            source.next(buffer + r / tile_rows * panel_size<T> +
                        r % tile_rows * panel_row_stride<T>);
        return {buffer};
    }
};

/// The patch matrix as the right operand: the sum runs over pixels.
template <class T>
struct PatchesB {
    const Patches<T>& patches;
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panels) const {
        PatchRows<T> source(patches, k, column, columns);
        T row[gemm_long_k_chunk<T>];
        for (int64_t p = 0; p < depth; ++p) {
            source.next(row);
            for (int64_t j = 0; j < columns; j += tile_width<T>) {
                const int64_t width = std::min<int64_t>(tile_width<T>, columns - j);
                T* const to = panels + j * depth + p * panel_width<T>(width);
                if (width == tile_width<T>)
                    copy_run(row + j, tile_width<T>, to);
                else
                    copy_run(row + j, width, to);
            }
        }
    }
};

}  // namespace mdn
