// The patch matrix of a convolution (geometry/conv2d.h), as it is written to memory.
#pragma once

#include "engine/cuda/divisor.h"
#include "engine/cuda/pack.h"
#include "engine/geometry/conv2d.h"

namespace mdn {

template <class T>
using CudaPatches = Patches<T, float>;

/// Without a shift every image is a clip of its own.
template <class T>
int64_t clip_frames(const CudaPatches<T>& patches) {
    return patches.shift_frames > 0 ? patches.shift_frames : 1;
}

/// Elements from one row to the next: where the matrix is written out, rows are whole packs, filled
/// up with zeros, because only so can cuBLAS use the tensor cores.
template <class T>
int64_t row_stride(const CudaPatches<T>& patches) {
    constexpr int64_t pack = pack_bytes / sizeof(T);
    return patches.is_image() ? patches.channels : ceil_divide(patches.columns(), pack) * pack;
}

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
