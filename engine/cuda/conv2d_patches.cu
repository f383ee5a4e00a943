#include "engine/cuda/conv2d_patches.h"

namespace mdn {

namespace {

/// A chunk of the patch matrix, as the kernel reads it from the image.
template <class T>
struct Source {
    CudaPatches<T> patches;
    PixelRows rows;
    Divisor channels, kernel_width, frames;
    uint32_t columns;

    Source(const CudaPatches<T>& p, int64_t first_row, int64_t rows)
        : patches(p),
          rows(p.out_height, p.out_width, first_row, rows),
          channels(p.channels),
          kernel_width(p.kernel_width),
          frames(p.shift_frames > 0 ? p.shift_frames : 1),
          columns(static_cast<uint32_t>(p.columns())) {}

    /// `n` neighbours of one row from `column` on, which lie side by side in the image.
    template <int n>
    __device__ Pack<T, n> read(const PixelRows::Pixel& pixel, uint32_t column) const {
        const CudaPatches<T>& p = patches;
        Pack<T, n> values;
        for (T& value : values.at) value = from_float<T>(0);
        if (column >= columns) return values;  // the row's filling
        uint32_t channel = column;
        uint32_t kx = channels.split(channel);
        const uint32_t ky = kernel_width.split(kx);
        const int64_t y = pixel.y * p.stride - p.pad_y + ky, x = pixel.x * p.stride - p.pad_x + kx;
        if (y < 0 || y >= p.height || x < 0 || x >= p.width) return values;
        int64_t image = pixel.image;
        const int64_t fold = p.channels / 8;
        if (p.shift_frames > 0 && channel < 2 * fold) {
            auto frame = static_cast<uint32_t>(image);
            frames.split(frame);
            const int64_t from = channel < fold ? 1 : -1;
            if (frame + from < 0 || frame + from >= p.shift_frames) return values;
            image += from;
        }
        const int64_t offset = ((image * p.height + y) * p.width + x) * p.channels + channel;
        values = *reinterpret_cast<const Pack<T, n>*>(p.image + offset);
        if (!p.scale) return values;
        const auto scale = *reinterpret_cast<const Pack<float, n>*>(p.scale + channel);
        const auto shift = *reinterpret_cast<const Pack<float, n>*>(p.shift + channel);
        for (int i = 0; i < n; ++i) {
            const float value = to_float(values.at[i]) * scale.at[i] + shift.at[i];
            values.at[i] = from_float<T>(p.relu && value < 0 ? 0 : value);  // NaN stays NaN
        }
        return values;
    }
};

/// A thread writes a pack of a row at a time: one load where channels are whole packs
/// (`in_packs`), else a load for each element. Neighbouring threads write neighbouring packs, and
/// read neighbouring channels.
template <class T, bool in_packs>
__global__ void gather_kernel(int64_t count, Source<T> source, Divisor row_packs, T* to) {
    constexpr int n = pack_bytes / sizeof(T);
    for (int64_t i = first_index(); i < count; i += index_step()) {
        auto pack = static_cast<uint32_t>(i);
        const PixelRows::Pixel pixel = source.rows.pixel(row_packs.split(pack));
        Pack<T, n> values;
        if constexpr (in_packs)
            values = source.template read<n>(pixel, pack * n);
        else
            for (int j = 0; j < n; ++j)
                values.at[j] = source.template read<1>(pixel, pack * n + j).at[0];
        reinterpret_cast<Pack<T, n>*>(to)[i] = values;
    }
}

}  // namespace

template <class T>
void gather_patches(const CudaPatches<T>& patches, int64_t first_row, int64_t rows, T* to) {
    constexpr int64_t n = pack_bytes / sizeof(T);
    const int64_t row_packs = ceil_divide(patches.columns(), n), count = rows * row_packs;
    if (count >= Divisor::limit || patches.images >= Divisor::limit)
        throw Error("[conv2d] a chunk of " + std::to_string(count) + " packs, or a batch of " +
                    std::to_string(patches.images) + " images, is too large");
    const int64_t fold = patches.shift_frames > 0 ? patches.channels / 8 : 0;
    const bool in_packs = patches.channels % n == 0 && fold % n == 0;
    launch_over(count, in_packs ? gather_kernel<T, true> : gather_kernel<T, false>, count,
                Source<T>(patches, first_row, rows), Divisor(row_packs), to);
}

template void gather_patches<float>(const CudaPatches<float>&, int64_t, int64_t, float*);
template void gather_patches<bf16>(const CudaPatches<bf16>&, int64_t, int64_t, bf16*);

}  // namespace mdn
