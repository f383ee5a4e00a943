// The patch matrix of a convolution. Row i is output pixel (image, y, x); column j is (kernel row,
// kernel column, channel), the order of the weights. A convolution is the product of this matrix
// with the transposed weights.
#pragma once

#include "engine/cuda/divisor.h"
#include "engine/cuda/pack.h"

namespace mdn {

template <class T>
struct CudaPatches {
    const T* image = nullptr;  // [images,height,width,channels]
    int64_t images = 0, height = 0, width = 0, channels = 0;
    int64_t kernel_height = 1, kernel_width = 1, stride = 1;
    // Rows above and columns to the left of the image; negative ones skip a part of it.
    int64_t pad_y = 0, pad_x = 0;
    int64_t out_height = 0, out_width = 0;
    int64_t shift_frames = 0;  // as in Conv2d
    // What is read is scale·x + shift per channel (where given), behind a ReLU if `relu`.
    const float* scale = nullptr;
    const float* shift = nullptr;
    bool relu = false;

    int64_t rows() const { return images * out_height * out_width; }
    int64_t columns() const { return kernel_height * kernel_width * channels; }
    /// Channels that come from the next frame of the clip, and as many that come from the previous.
    int64_t fold() const { return shift_frames > 0 ? channels / 8 : 0; }
    /// Without a shift every image is a clip of its own.
    int64_t clip_frames() const { return shift_frames > 0 ? shift_frames : 1; }
    /// True where the patch matrix is the image itself: a plain 1×1 convolution.
    bool is_image() const {
        return columns() == channels && stride == 1 && pad_y == 0 && pad_x == 0 &&
               out_height == height && out_width == width && shift_frames == 0 && !scale;
    }
    /// Elements from one row to the next: where the matrix is written out, rows are whole packs,
    /// filled up with zeros, because only so can cuBLAS use the tensor cores.
    int64_t row_stride() const {
        constexpr int64_t pack = pack_bytes / sizeof(T);
        return is_image() ? channels : ceil_divide(columns(), pack) * pack;
    }
};

/// Rows of a patch matrix, counted from `first_row`, as the pixels they stand for.
class PixelRows {
  public:
    /// Throws Error when an image, or `rows`, is beyond 2³¹.
    PixelRows(int64_t height, int64_t width, int64_t first_row, int64_t rows)
        : height_(height),
          width_(width),
          first_image_(first_row / (height * width)),
          first_pixel_(static_cast<uint32_t>(first_row % (height * width))) {
        if (height * width + rows >= Divisor::limit)
            throw Error("[conv2d] images of " + std::to_string(height) + "×" +
                        std::to_string(width) + " are too large");
    }

    struct Pixel {
        int64_t image;
        uint32_t y, x;
    };
    __device__ __forceinline__ Pixel pixel(uint32_t row) const {
        uint32_t x = first_pixel_ + row;
        uint32_t y = width_.split(x);
        const uint32_t image = height_.split(y);
        return {first_image_ + image, y, x};
    }

  private:
    Divisor height_, width_;
    int64_t first_image_;
    uint32_t first_pixel_;
};

/// Writes rows [first_row, first_row + rows) of the matrix to `to` [rows, row_stride].
template <class T>
void gather_patches(const CudaPatches<T>& patches, int64_t first_row, int64_t rows, T* to);

}  // namespace mdn
