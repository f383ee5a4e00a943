// Convolution as matrix products of cuBLAS: y = patches(x)·Wᵀ, dW = dyᵀ·patches(x), and dx as
// convolutions of dy with the flipped weights, one for each phase of the stride. Where the patch
// matrix is not the image itself, it is written to scratch memory a chunk of rows at a time, small
// enough that the product finds it in the second-level cache.
#include "engine/cuda/conv2d.h"

#include <algorithm>
#include <numeric>

#include "engine/cuda/conv2d_patches.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/gemm.h"

namespace mdn {

namespace {

int64_t scratch_bytes = int64_t{32} << 20;

/// Rows a chunk has when each takes `row_bytes` of scratch: chunks are alike, and of whole tiles
/// of the matrix product.
int64_t rows_per_chunk(int64_t rows, int64_t row_bytes) {
    constexpr int64_t tile = 128;
    if (rows * row_bytes <= scratch_bytes) return rows;
    const int64_t most = std::max<int64_t>(scratch_bytes / row_bytes, 1);
    const int64_t even = ceil_divide(rows, ceil_divide(rows, most));
    return std::min(most, ceil_divide(even, tile) * tile);
}

/// Calls multiply(first row, rows, their patches [rows, row_stride]) for all rows, in order. `like`
/// has the dtype of the image; a row of a chunk takes `more_bytes` of scratch beside its patches.
template <class T, class F>
void for_each_chunk(const CudaPatches<T>& patches, const Tensor& like, int64_t more_bytes,
                    F&& multiply) {
    const bool gathered = !patches.is_image();
    const int64_t rows = patches.rows(), stride = row_stride(patches);
    const int64_t row_bytes = more_bytes + (gathered ? stride * int64_t{sizeof(T)} : 0);
    const int64_t chunk = rows_per_chunk(rows, row_bytes);
    const Tensor scratch = gathered ? empty_as(like, {chunk, stride}) : Tensor();
    for (int64_t first = 0; first < rows; first += chunk) {
        const int64_t count = std::min(chunk, rows - first);
        if (gathered) gather_patches(patches, first, count, elements<T>(scratch));
        multiply(first, count, gathered ? elements<T>(scratch) : patches.image + first * stride);
    }
}

/// to [rows, to_stride] = from [rows, from_stride], cut off or filled up with zeros.
template <class To>
__global__ void resize_rows_kernel(int64_t count, int64_t from_stride, int64_t to_stride,
                                   const float* from, To* to) {
    for (int64_t i = first_index(); i < count; i += index_step()) {
        const int64_t row = i / to_stride, column = i % to_stride;
        to[i] = from_float<To>(column < from_stride ? from[row * from_stride + column] : 0.f);
    }
}

/// The weights as [O, row_stride of the patches], in T.
template <class T>
Tensor factor_for(const CudaPatches<T>& patches, const Tensor& weight, const Tensor& like) {
    const int64_t columns = patches.columns(), stride = row_stride(patches);
    if (stride == columns) return as_factor(weight, like.dtype());
    Tensor filled = empty_as(like, {weight.dim(0), stride});
    launch_over(filled.numel(), resize_rows_kernel<T>, filled.numel(), columns, stride,
                weight.data<float>(), elements<T>(filled));
    return filled;
}

/// The flipped weights of one phase [rows, I]; rows beyond are zero.
template <class T>
__global__ void flip_kernel(int64_t rows, FlippedWeights flip, const float* weight, T* flipped) {
    for (int64_t n = first_index(); n < rows * flip.in_channels; n += index_step()) {
        const int64_t i = n % flip.in_channels, row = n / flip.in_channels;
        flipped[n] = from_float<T>(row < flip.rows() ? weight[flip.offset(row) + i] : 0.f);
    }
}

template <class T>
Tensor flipped_factor(const CudaPatches<T>& patches, const Tensor& weight, const Phase& y,
                      const Phase& x, const Tensor& like) {
    const int64_t rows = row_stride(patches), channels = weight.dim(3);
    if (rows == weight.dim(0) && weight.dim(1) * weight.dim(2) == 1)
        return as_factor(weight, like.dtype());  // 1×1: nothing to flip
    Tensor flipped = empty_as(like, {rows, channels});
    launch_over(flipped.numel(), flip_kernel<T>, rows, FlippedWeights(weight.shape(), y, x),
                weight.data<float>(), elements<T>(flipped));
    return flipped;
}

/// Where the pixels of one phase lie in dx.
struct PhasePlaces {
    PixelRows rows;  // of the positions of the phase
    int64_t height, width, stride, phase_y, phase_x;
};

/// dx's pixels of one phase from the rows of a product, both counted in packs.
template <class Packed>
__global__ void scatter_kernel(int64_t count, Divisor row_packs, int64_t pixel_packs,
                               PhasePlaces at, const Packed* rows, Packed* dx) {
    for (int64_t i = first_index(); i < count; i += index_step()) {
        auto pack = static_cast<uint32_t>(i);
        const PixelRows::Pixel pixel = at.rows.pixel(row_packs.split(pack));
        const int64_t y = pixel.y * at.stride + at.phase_y, x = pixel.x * at.stride + at.phase_x;
        dx[((pixel.image * at.height + y) * at.width + x) * pixel_packs + pack] = rows[i];
    }
}

template <class T>
void scatter(const PhasePlaces& at, int64_t rows, const Tensor& product, const Tensor& dx) {
    with_pack<T>(dx.dim(3), [&]<int n>(std::integral_constant<int, n>) {
        using Packed = Pack<T, n>;
        const int64_t packs = dx.dim(3) / n, count = rows * packs;
        if (count >= Divisor::limit)
            throw Error("[conv2d] a chunk of " + std::to_string(rows) + " rows is too large");
        launch_over(count, scatter_kernel<Packed>, count, Divisor(packs), packs, at,
                    elements<const Packed>(product), elements<Packed>(dx));
    });
}

/// Moves the gradient of a shifted tensor back to the frames its channels came from, in place. A
/// thread takes one of the `moved` packs of a pixel through all frames of a clip: the first half
/// of them go to the next frame, from the last one down, the second half to the previous one.
template <class Packed>
__global__ void unshift_kernel(int64_t count, int64_t pixels, int64_t pixel_packs, int64_t moved,
                               int64_t frames, Packed* dx) {
    const int64_t frame = pixels * pixel_packs;  // packs from one frame to the next
    for (int64_t i = first_index(); i < count; i += index_step()) {
        const int64_t pack = i % moved, pixel = i / moved % pixels, clip = i / (moved * pixels);
        Packed* const x = dx + clip * frames * frame + pixel * pixel_packs + pack;
        if (pack < moved / 2) {
            for (int64_t t = frames - 1; t > 0; --t) x[t * frame] = x[(t - 1) * frame];
            x[0] = Packed{};
        } else {
            for (int64_t t = 0; t < frames - 1; ++t) x[t * frame] = x[(t + 1) * frame];
            x[(frames - 1) * frame] = Packed{};
        }
    }
}

template <class T>
void unshift(const Tensor& dx, int64_t frames) {
    const int64_t pixels = dx.dim(1) * dx.dim(2), clips = dx.dim(0) / frames;
    const int64_t channels = dx.dim(3), fold = channels / 8;
    with_pack<T>(std::gcd(channels, fold), [&]<int n>(std::integral_constant<int, n>) {
        const int64_t moved = 2 * fold / n, count = clips * pixels * moved;
        launch_over(count, unshift_kernel<Pack<T, n>>, count, pixels, channels / n, moved, frames,
                    elements<Pack<T, n>>(dx));
    });
}

/// The pixels of dx that belong to one phase.
template <class T>
void backward_phase(const Tensor& dy, const Tensor& weight, int64_t stride, const Phase& y,
                    const Phase& x, const Tensor& dx) {
    if (y.positions * x.positions * y.taps * x.taps == 0) return;
    const int64_t channels = dx.dim(3);
    const auto patches = patches_of<T, float>(elements<T>(dy), dy.shape(), y, x);
    const Tensor factor = flipped_factor(patches, weight, y, x, dy);
    const int64_t depth = row_stride(patches);
    const bool in_place = stride == 1;  // the product's rows are dx's pixels
    Tensor scratch;
    const int64_t product_bytes = in_place ? 0 : channels * int64_t{sizeof(T)};
    for_each_chunk(patches, dy, product_bytes, [&](int64_t first, int64_t rows, const T* matrix) {
        if (!in_place && !scratch.defined()) scratch = empty_as(dy, {rows, channels});
        T* const product = in_place ? elements<T>(dx) + first * channels : elements<T>(scratch);
        cuda_gemm(CudaProduct{.m = rows,
                              .n = channels,
                              .k = depth,
                              .lda = depth,
                              .ldb = channels,
                              .ldc = channels},
                  matrix, elements<T>(factor), product);
        if (!in_place)
            scatter<T>({PixelRows(y.positions, x.positions, first, rows), dx.dim(1), dx.dim(2),
                        stride, y.phase, x.phase},
                       rows, scratch, dx);
    });
}

}  // namespace

void set_conv2d_scratch(int64_t bytes) { scratch_bytes = bytes; }

void CudaKernels::conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                                 const Conv2d& options, Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        const auto patches = patches_of<T, float>(elements<T>(x), x.shape(), read, weight.shape(),
                                                  options, y.shape());
        const Tensor factor = factor_for(patches, weight, x);
        const int64_t out = weight.dim(0), depth = row_stride(patches);
        for_each_chunk(patches, x, 0, [&](int64_t first, int64_t rows, const T* matrix) {
            cuda_gemm(CudaProduct{.m = rows,
                                  .n = out,
                                  .k = depth,
                                  .transpose_b = true,
                                  .lda = depth,
                                  .ldb = depth,
                                  .ldc = out},
                      matrix, elements<T>(factor), elements<T>(y) + first * out);
        });
    });
}

void CudaKernels::conv2d_backward_input(const Tensor& dy, const Tensor& weight,
                                        const Conv2d& options, Tensor& dx) {
    with_activation_type(dy, [&]<class T>(T) {
        const int64_t stride = options.stride;
        // Pixels between the taps of a kernel smaller than the stride are reached by nothing.
        if (std::min(weight.dim(1), weight.dim(2)) < stride) fill(0, dx);
        for (int64_t phase_y = 0; phase_y < stride; ++phase_y)
            for (int64_t phase_x = 0; phase_x < stride; ++phase_x)
                backward_phase<T>(dy, weight, stride,
                                  Phase(phase_y, options, weight.dim(1), dx.dim(1)),
                                  Phase(phase_x, options, weight.dim(2), dx.dim(2)), dx);
        if (options.shift_frames > 0) unshift<T>(dx, options.shift_frames);
    });
}

void CudaKernels::conv2d_backward_weight(const Tensor& x, const ChannelAffine& read,
                                         const Tensor& dy, const Conv2d& options, Tensor& dweight) {
    with_activation_type(x, [&]<class T>(T) {
        const auto patches = patches_of<T, float>(elements<T>(x), x.shape(), read, dweight.shape(),
                                                  options, dy.shape());
        const int64_t out = dweight.dim(0);
        const int64_t columns = patches.columns(), stride = row_stride(patches);
        if (patches.rows() == 0) return fill(0, dweight);
        const bool filled = stride != columns;
        const Tensor sum = filled ? empty_as(dweight, {out, stride}) : dweight;
        for_each_chunk(patches, x, 0, [&](int64_t first, int64_t rows, const T* matrix) {
            cuda_gemm(CudaProduct{.m = out,
                                  .n = stride,
                                  .k = rows,
                                  .transpose_a = true,
                                  .lda = out,
                                  .ldb = stride,
                                  .ldc = stride,
                                  .beta = first == 0 ? 0.f : 1.f},
                      elements<T>(dy) + first * out, matrix, sum.data<float>());
        });
        if (filled)
            launch_over(dweight.numel(), resize_rows_kernel<float>, dweight.numel(), stride,
                        columns, sum.data<float>(), dweight.data<float>());
    });
}

}  // namespace mdn
