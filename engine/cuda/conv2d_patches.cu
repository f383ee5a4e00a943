#include "engine/cuda/conv2d_patches.h"

#include <cstdlib>
#include <numeric>

namespace mdn {

namespace {

/// Blocks that a multiprocessor gets and holds all at a time, which leaves a thread 48 registers.
constexpr int resident_blocks = 5;

/// How a kernel's tap moves along one axis of the image: output o has it at o·stride − pad + tap.
struct Axis {
    int length, stride, pad, size;  // size: stride times outputs, the way there and back

    /// Counts elements where pixels lie `unit` of them apart. Throws Error beyond 2³¹.
    Axis(int64_t length, int64_t outputs, int64_t stride, int64_t pad, int64_t taps, int64_t unit)
        : length(static_cast<int>(length * unit)),
          stride(static_cast<int>(stride * unit)),
          pad(static_cast<int>(pad * unit)),
          size(static_cast<int>(stride * outputs * unit)) {
        if ((length + stride * outputs + std::abs(pad) + taps) * unit >= Divisor::limit)
            throw Error("[conv2d] an image's side of " + std::to_string(length * unit) +
                        " numbers, or " + std::to_string(outputs) + " strides of " +
                        std::to_string(stride * unit) + ", is too long");
    }
};

/// Where a tap is on one axis.
struct Position {
    int at, end;

    __device__ Position(const Axis& axis, uint32_t output, int tap)
        : at(static_cast<int>(output) * axis.stride - axis.pad + tap),
          end(axis.size - axis.pad + tap) {}

    __device__ bool is_inside(const Axis& axis) const {
        return static_cast<unsigned>(at) < static_cast<unsigned>(axis.length);
    }
    /// Goes on to the next output. True at the end: then restart.
    __device__ bool advance(const Axis& axis) { return (at += axis.stride) == end; }
    __device__ void restart(const Axis& axis) { at -= axis.size; }
};

/// What stands under one tap, from row to row of the patch matrix.
template <class T>
struct Tap {
    Position frame, y, x;
    const T* line;  // where line y of the image begins, or would if there were one
};

/// A chunk of the patch matrix, as the kernel reads it from the image. Pixels lie side by side in a
/// line of the image, so x counts elements, and a line of a patch is kernel_width·channels of them.
template <class T>
struct Source {
    const T* image;
    PixelRows rows;
    Axis frame, y, x;
    Divisor frames, kernel_line, channels;
    int kernel_height, fold;
    int64_t line_step, image_step;  // of Tap::line, from one to the next and back to its beginning
    const float *scale, *shift;
    bool relu;

    Source(const CudaPatches<T>& p, int64_t first_row, int64_t row_count)
        : image(p.image),
          rows(p.out_height, p.out_width, first_row, row_count),
          frame(clip_frames(p), clip_frames(p), 1, 0, 1, 1),
          y(p.height, p.out_height, p.stride, p.pad_y, p.kernel_height, 1),
          x(p.width, p.out_width, p.stride, p.pad_x, p.kernel_width, p.channels),
          frames(clip_frames(p)),
          kernel_line(p.kernel_width * p.channels),
          channels(p.channels),
          kernel_height(static_cast<int>(p.kernel_height)),
          fold(static_cast<int>(p.fold())),
          line_step(int64_t{x.length} * y.stride),
          image_step(int64_t{x.length} * (y.length - y.size)),
          scale(p.scale),
          shift(p.shift),
          relu(p.relu) {}

    /// Frames from a row's own to the one that it reads the channel from.
    __device__ int frame_step(uint32_t channel) const {
        const auto c = static_cast<int>(channel);
        return c < fold ? 1 : c < 2 * fold ? -1 : 0;
    }

    __device__ Tap<T> tap(uint32_t row, int step, int ky, int kx) const {
        const PixelRows::Pixel pixel = rows.pixel(row);
        auto in_clip = static_cast<uint32_t>(pixel.image);
        frames.split(in_clip);
        const Position line(y, pixel.y, ky);
        return {Position(frame, in_clip, step), line, Position(x, pixel.x, kx),
                image + ((pixel.image + step) * y.length + line.at) * x.length};
    }

    /// To the next row: x, y and frame turn like the wheels of an odometer.
    __device__ void advance(Tap<T>& tap) const {
        if (!tap.x.advance(x)) return;
        tap.x.restart(x);
        tap.line += line_step;
        if (!tap.y.advance(y)) return;
        tap.y.restart(y);
        tap.line += image_step;
        if (tap.frame.advance(frame)) tap.frame.restart(frame);
    }

    __device__ bool holds(const Tap<T>& tap) const {
        return tap.x.is_inside(x) && tap.y.is_inside(y) && tap.frame.is_inside(frame);
    }
};

/// A thread takes n neighbouring columns of one tap (a pack, or one where channels are no whole
/// packs) down `rows_each` rows: it works out once which tap they are, and has their scale and
/// shift in registers. The next row often reads what its neighbour's thread just read, so it is in
/// cache. Neighbouring threads write neighbouring columns, and read neighbouring channels.
template <class T, int n, bool affine>
__global__ void __launch_bounds__(block_threads, resident_blocks)
    gather_kernel(uint32_t rows, uint32_t rows_each, Divisor row_packs, int64_t row_stride,
                  Source<T> source, T* to) {
    uint32_t pack = blockIdx.x * blockDim.x + threadIdx.x;
    uint32_t row = row_packs.split(pack) * rows_each;
    if (row >= rows) return;
    const uint32_t end = row + rows_each < rows ? row + rows_each : rows;
    to += row * row_stride + pack * n;
    uint32_t kx = pack * n;  // in elements, as x
    const auto ky = static_cast<int>(source.kernel_line.split(kx));
    uint32_t channel = kx;
    source.channels.split(channel);
    // A row's filling lies below the kernel: it is read from before the clip, where all is zero.
    const int step = ky < source.kernel_height ? source.frame_step(channel) : -source.frame.length;
    float scale[n] = {}, shift[n] = {};
    if constexpr (affine) {
        load(source.scale + channel, scale);
        load(source.shift + channel, shift);
    }
    Tap<T> tap = source.tap(row, step, ky, static_cast<int>(kx));
    for (; row < end; ++row, to += row_stride) {
        const T* const from = tap.line + tap.x.at;
        if (!source.holds(tap)) {
            *reinterpret_cast<Pack<T, n>*>(to) = Pack<T, n>{};
        } else if constexpr (!affine) {
            *reinterpret_cast<Pack<T, n>*>(to) = *reinterpret_cast<const Pack<T, n>*>(from);
        } else {
            float values[n];
            load(from, values);
            for (int i = 0; i < n; ++i) {
                values[i] = values[i] * scale[i] + shift[i];
                if (source.relu && values[i] < 0) values[i] = 0;  // NaN stays NaN
            }
            store(values, to);
        }
        source.advance(tap);
    }
}

}  // namespace

template <class T>
void gather_patches(const CudaPatches<T>& patches, int64_t first_row, int64_t rows, T* to) {
    with_pack<T>(
        std::gcd(patches.channels, patches.fold()), [&]<int n>(std::integral_constant<int, n>) {
            const int64_t row_packs = row_stride(patches) / n, count = rows * row_packs;
            if (count * n + block_threads >= Divisor::limit || patches.images >= Divisor::limit)
                throw Error("[conv2d] a chunk of " + std::to_string(count * n) +
                            " numbers, or a batch of " + std::to_string(patches.images) +
                            " images, is too large");
            // Threads that the device holds at a time, with as few rows each as that leaves.
            const int64_t threads =
                cuda_context().multiprocessors() * resident_blocks * block_threads;
            const int64_t rows_each = ceil_divide(count, threads);
            const int64_t busy = ceil_divide(rows, rows_each) * row_packs;
            launch(patches.scale ? gather_kernel<T, n, true> : gather_kernel<T, n, false>,
                   blocks_for(busy, block_threads), block_threads, 0, rows, rows_each,
                   Divisor(row_packs), row_packs * n, Source<T>(patches, first_row, rows), to);
        });
}

template void gather_patches<float>(const CudaPatches<float>&, int64_t, int64_t, float*);
template void gather_patches<bf16>(const CudaPatches<bf16>&, int64_t, int64_t, bf16*);

}  // namespace mdn
