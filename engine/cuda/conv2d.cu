// Convolution as matrix products: y = patches(x)·Wᵀ, dW = dyᵀ·patches(x), and dx as convolutions of
// dy with the flipped weights, one for each phase of the stride. The product (tile_product.h) finds
// its operands in the image and in the weights, so nothing but x, W and y moves. Where the patch
// matrix is the image itself, a plain 1×1 convolution, cuBLAS multiplies.
#include "engine/cuda/conv2d.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "engine/cuda/column_sum.h"
#include "engine/cuda/conv2d_operands.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/gemm.h"
#include "engine/cuda/tf32.h"

namespace mdn {

namespace {

int64_t scratch_bytes = int64_t{32} << 20;

constexpr int tile_rows = 128;

/// Calls f.template operator()<arithmetic, whole>() with how factors of T are multiplied, and
/// whether both operands are found in whole units: `granule` is what all runs of numbers that lie
/// side by side in them are a multiple of.
template <class T, class F>
void with_arithmetic(int64_t granule, F&& f) {
    const bool whole = granule % tile::unit<T> == 0;
    if constexpr (sizeof(T) == 2)
        return whole ? f.template operator()<Arithmetic::bf16, true>()
                     : f.template operator()<Arithmetic::bf16, false>();
    else if (whole && tf32_is_allowed())
        return f.template operator()<Arithmetic::tf32, true>();
    else
        return whole ? f.template operator()<Arithmetic::f32, true>()
                     : f.template operator()<Arithmetic::f32, false>();
}

/// sum[i] = Σ_p parts[p·count + i], in the order of p; n numbers a thread.
template <class T, int n>
__global__ void add_parts_kernel(int64_t count, int64_t parts, const float* from, T* sum) {
    for (int64_t i = first_index() * n; i < count; i += index_step() * n) {
        float total[n] = {};
        for (int64_t p = 0; p < parts; ++p) {
            float more[n];
            load(from + p * count + i, more);
            for (int j = 0; j < n; ++j) total[j] += more[j];
        }
        store(total, sum + i);
    }
}

template <class T>
void add_parts(int64_t count, int64_t parts, const float* from, T* sum) {
    with_pack<T>(count, [&]<int n>(std::integral_constant<int, n>) {
        launch_over(count / n, add_parts_kernel<T, n>, count, parts, from, sum);
    });
}

/// How the depth of a product is cut: into at most `most` parts, of `least_steps` steps or more.
struct Parts {
    int64_t count, depth;  // of each but the last

    Parts(int64_t whole_depth, int64_t step, int64_t most, int64_t least_steps) {
        const int64_t steps = std::max<int64_t>(ceil_divide(whole_depth, step), 1);
        const int64_t wanted = std::min(most, steps / least_steps);
        const int64_t steps_each = ceil_divide(steps, std::max<int64_t>(wanted, 1));
        count = ceil_divide(steps, steps_each);
        depth = steps_each * step;
    }
};

/// Calls f(std::integral_constant<int, tile_n>) with the tile that a product of so many columns is
/// computed in: 128×128 where C is wide enough and tensor cores can keep up with it, else 128×64.
/// Products of single numbers are rare (the stem), so they have one form only.
template <Arithmetic arithmetic, class A, class F>
void with_tile(int64_t columns, F&& f) {
    static_assert(moment_rows == tile_rows);  // a tile's, whose moments Out is given
    if constexpr (arithmetic == Arithmetic::bf16 && A::whole_units)
        if (columns > 64) return f(std::integral_constant<int, 128>{});
    f(std::integral_constant<int, 64>{});
}

template <Arithmetic arithmetic, class A, class B, class Out>
void multiply_tiles(int64_t rows, int64_t columns, int64_t depth, const A& a, const B& b,
                    const Out& out) {
    with_tile<arithmetic, A>(columns, [&]<int tile_n>(std::integral_constant<int, tile_n>) {
        tile_product<arithmetic, tile_rows, tile_n>(rows, columns, depth, depth, a, b, out);
    });
}

/// y = A·B. Where there are fewer tiles than a large GPU has multiprocessors (one clip's deep
/// layers), the depth is cut into parts that fill them, if the scratch memory holds those. Parts
/// depend on sizes alone, so the sums have the same bits on every GPU. Moments cannot be taken of
/// parts.
template <Arithmetic arithmetic, class T, class A, class B>
void multiply_forward(int64_t rows, int64_t depth, const A& a, const B& b, ConvolutionOut<T> out) {
    constexpr int64_t multiprocessors = 132, least_steps = 4;
    const int64_t columns = out.columns, count = rows * columns;
    if (count == 0) return;
    with_tile<arithmetic, A>(columns, [&]<int tile_n>(std::integral_constant<int, tile_n>) {
        const int64_t tiles = ceil_divide(rows, tile_rows) * ceil_divide(columns, tile_n);
        const int64_t room = scratch_bytes / (count * int64_t{sizeof(float)});
        const int64_t most = out.mean ? 1 : std::min(multiprocessors / tiles, room);
        const Parts parts(depth, tile::step<T>, most, least_steps);
        Tensor sums;
        if (parts.count > 1) {
            sums = Tensor::empty({parts.count, rows, columns}, DType::f32, Device::cuda);
            out.parts = sums.data<float>();
            out.part = count;
        }
        tile_product<arithmetic, tile_rows, tile_n>(rows, columns, depth, parts.depth, a, b, out);
        if (parts.count > 1) add_parts(count, parts.count, out.parts, out.y);
    });
}

/// `moments` may be undefined. Where they are asked for, cuBLAS cannot take them on the way.
template <class T>
void forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
             const Conv2d& options, const Tensor& y, const Tensor& moments) {
    const auto patches =
        patches_of<T, float>(elements<T>(x), x.shape(), read, weight.shape(), options, y.shape());
    const Tensor factor = as_factor(weight, x.dtype());
    const int64_t out = weight.dim(0), depth = patches.columns();
    if (patches.is_image() && !moments.defined())
        return cuda_gemm(CudaProduct{.m = patches.rows(),
                                     .n = out,
                                     .k = depth,
                                     .transpose_b = true,
                                     .lda = depth,
                                     .ldb = depth,
                                     .ldc = out},
                         patches.image, elements<T>(factor), elements<T>(y));
    ConvolutionOut<T> to{elements<T>(y), out};
    if (moments.defined()) {
        to.mean = moments.data<float>();
        to.squares = to.mean + moments.numel() / 2;
    }
    with_arithmetic<T>(std::gcd(patches.channels, patches.fold()),
                       [&]<Arithmetic arithmetic, bool whole>() {
                           multiply_forward<arithmetic>(
                               patches.rows(), depth, PatchOperand<T, true, whole>(patches),
                               Matrix<T, true, whole>{elements<T>(factor), out, depth, depth}, to);
                       });
}

/// The pixels of dx that belong to one phase.
template <class T>
void backward_phase(const Tensor& dy, const Tensor& weight, const Tensor& factor, const Phase& y,
                    const Phase& x, const PhaseOut<T>& out) {
    const auto patches = patches_of<T, float>(elements<T>(dy), dy.shape(), y, x);
    const FlippedWeights flip(weight.shape(), y, x);
    with_arithmetic<T>(
        std::gcd(weight.dim(0), weight.dim(3)), [&]<Arithmetic arithmetic, bool whole>() {
            multiply_tiles<arithmetic>(patches.rows(), weight.dim(3), patches.columns(),
                                       PatchOperand<T, true, whole>(patches),
                                       FlippedOperand<T, whole>(elements<T>(factor), flip), out);
        });
}

/// Calls f(y, x) for each phase that has pixels, and weights that reach them.
template <class F>
void for_each_phase(const Tensor& weight, const Conv2d& options, const Tensor& dx, F&& f) {
    for (int64_t phase_y = 0; phase_y < options.stride; ++phase_y)
        for (int64_t phase_x = 0; phase_x < options.stride; ++phase_x) {
            const Phase y(phase_y, options, weight.dim(1), dx.dim(1));
            const Phase x(phase_x, options, weight.dim(2), dx.dim(2));
            if (y.positions * x.positions * y.taps * x.taps > 0) f(y, x);
        }
}

/// Tiles of rows of a phase's product.
int64_t phase_tiles(const Tensor& dx, const Phase& y, const Phase& x) {
    return ceil_divide(dx.dim(0) * y.positions * x.positions, moment_rows);
}

/// dx, or dx + what lies there; cuBLAS cannot take `sums` on the way.
template <class T>
void backward_input(const Tensor& dy, const Tensor& weight, const Conv2d& options, bool add,
                    const NormSums<T>& sums, const Tensor& dx) {
    const int64_t stride = options.stride, in = weight.dim(3), out = weight.dim(0);
    const Tensor factor = as_factor(weight, dy.dtype());
    const bool pointwise = weight.numel() == in * out && stride == 1 && options.pad == 0;
    if (pointwise && options.shift_frames == 0 && sums.x == nullptr)
        return cuda_gemm(CudaProduct{.m = dy.numel() / out,
                                     .n = in,
                                     .k = out,
                                     .lda = out,
                                     .ldb = in,
                                     .ldc = in,
                                     .beta = add ? 1.f : 0.f},
                         elements<T>(dy), elements<T>(factor), elements<T>(dx));
    // Pixels between the taps of a kernel smaller than the stride are reached by nothing.
    if (!add && std::min(weight.dim(1), weight.dim(2)) < stride)
        check(
            cudaMemsetAsync(dx.raw(), 0, static_cast<size_t>(dx.bytes()), cuda_context().stream()),
            "filling with zeros");
    int64_t tiles = 0;
    for_each_phase(weight, options, dx, [&](const Phase& y, const Phase& x) {
        backward_phase<T>(
            dy, weight, factor, y, x,
            PhaseOut<T>(elements<T>(dx), dx.shape(), y, x, options.shift_frames, add, sums, tiles));
        tiles += phase_tiles(dx, y, x);
    });
}

template <class T>
void backward_input_sums(const Tensor& dy, const Tensor& weight, const Conv2d& options, bool add,
                         const NormAndRelu& norm, const Tensor& dx, const Tensor& dgamma,
                         const Tensor& dbeta) {
    if (add && std::min(weight.dim(1), weight.dim(2)) < options.stride)
        throw std::logic_error("[conv2d] a kernel smaller than its stride leaves out pixels of dx");
    const int64_t channels = dx.dim(3);
    int64_t tiles = 0;
    for_each_phase(weight, options, dx,
                   [&](const Phase& y, const Phase& x) { tiles += phase_tiles(dx, y, x); });
    const Tensor parts = Tensor::empty({2, tiles, channels}, DType::f32, Device::cuda);
    NormSums<T> sums{.x = elements<const T>(norm.x),
                     .output = norm.output.defined() ? elements<const T>(norm.output) : nullptr,
                     .mean = norm.mean.data<float>(),
                     .inv_std = norm.inv_std.data<float>(),
                     .scale = norm.affine.scale.data<float>(),
                     .shift = norm.affine.shift.data<float>(),
                     .relu = norm.affine.relu,
                     .sum_gx = parts.data<float>(),
                     .sum_g = parts.data<float>() + tiles * channels};
    backward_input<T>(dy, weight, options, add, sums, dx);
    column_sums_of(tiles, channels, PartialSums<2>{channels, {{sums.sum_gx, sums.sum_g}}},
                   {{dgamma.data<float>(), dbeta.data<float>()}});
}

/// dweight = dyᵀ·patches. C is small and the depth, all pixels, is long: it is split, into as many
/// parts as fill a large GPU with tiles and as the scratch memory holds. The parts depend on sizes
/// alone, so the sums have the same bits on every GPU.
template <Arithmetic arithmetic, int tile_m, int tile_n, class A, class B>
void multiply_long_depth(int64_t depth, const A& a, const B& b, const Tensor& dweight) {
    constexpr int64_t wanted_tiles = 264, step = tile::step<typename A::Element>;
    constexpr int64_t least_steps = 16;  // in a part
    const int64_t out = dweight.dim(0), columns = dweight.numel() / out;
    const int64_t tiles = ceil_divide(out, tile_m) * ceil_divide(columns, tile_n);
    const int64_t room = scratch_bytes / dweight.bytes();
    const Parts parts(depth, step, std::min(ceil_divide(wanted_tiles, tiles), room), least_steps);
    const Tensor sums = parts.count == 1 ? dweight : empty_as(dweight, {parts.count, out, columns});
    tile_product<arithmetic, tile_m, tile_n>(
        out, columns, depth, parts.depth, a, b,
        MatrixOut<float>{sums.data<float>(), columns, dweight.numel()});
    if (parts.count > 1)
        add_parts(dweight.numel(), parts.count, sums.data<float>(), dweight.data<float>());
}

}  // namespace

void set_conv2d_scratch(int64_t bytes) { scratch_bytes = bytes; }

void CudaKernels::conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                                 const Conv2d& options, Tensor& y) {
    with_activation_type(x, [&]<class T>(T) { forward<T>(x, read, weight, options, y, {}); });
}

void CudaKernels::conv2d_forward_moments(const Tensor& x, const ChannelAffine& read,
                                         const Tensor& weight, const Conv2d& options, Tensor& y,
                                         Tensor& moments) {
    with_activation_type(x, [&]<class T>(T) { forward<T>(x, read, weight, options, y, moments); });
}

void CudaKernels::conv2d_forward_finished(const Tensor& x, const Tensor& weight,
                                          const Conv2d& options, const ChannelAffine& affine,
                                          const Tensor& residual, Tensor& y) {
    conv2d_forward(x, {}, weight, options, y);
    channel_affine_forward(y, affine, residual, {}, affine.relu, y);
}

void CudaKernels::conv2d_backward_input(const Tensor& dy, const Tensor& weight,
                                        const Conv2d& options, Tensor& dx) {
    with_activation_type(
        dy, [&]<class T>(T) { backward_input<T>(dy, weight, options, false, {}, dx); });
}

void CudaKernels::conv2d_backward_input_add(const Tensor& dy, const Tensor& weight,
                                            const Conv2d& options, Tensor& dx) {
    with_activation_type(dy,
                         [&]<class T>(T) { backward_input<T>(dy, weight, options, true, {}, dx); });
}

void CudaKernels::conv2d_backward_input_sums(const Tensor& dy, const Tensor& weight,
                                             const Conv2d& options, bool add,
                                             const NormAndRelu& norm, Tensor& dx, Tensor& dgamma,
                                             Tensor& dbeta) {
    with_activation_type(dy, [&]<class T>(T) {
        backward_input_sums<T>(dy, weight, options, add, norm, dx, dgamma, dbeta);
    });
}

void CudaKernels::conv2d_backward_weight(const Tensor& x, const ChannelAffine& read,
                                         const Tensor& dy, const Conv2d& options, Tensor& dweight) {
    with_activation_type(x, [&]<class T>(T) {
        const auto patches = patches_of<T, float>(elements<T>(x), x.shape(), read, dweight.shape(),
                                                  options, dy.shape());
        const int64_t out = dweight.dim(0), columns = patches.columns(), rows = patches.rows();
        if (rows == 0) return fill(0, dweight);
        if (patches.is_image())
            return cuda_gemm(CudaProduct{.m = out,
                                         .n = columns,
                                         .k = rows,
                                         .transpose_a = true,
                                         .lda = out,
                                         .ldb = columns,
                                         .ldc = columns},
                             elements<T>(dy), patches.image, dweight.data<float>());
        const int64_t granule = std::gcd(out, std::gcd(patches.channels, patches.fold()));
        with_arithmetic<T>(granule, [&]<Arithmetic arithmetic, bool whole>() {
            const Matrix<T, false, whole> a{elements<T>(dy), rows, out, out};
            const PatchOperand<T, false, whole> b(patches);
            if constexpr (arithmetic == Arithmetic::bf16 && whole) {
                if (out <= 64) return multiply_long_depth<arithmetic, 64, 128>(rows, a, b, dweight);
                return multiply_long_depth<arithmetic, 128, 128>(rows, a, b, dweight);
            } else {
                multiply_long_depth<arithmetic, 128, 64>(rows, a, b, dweight);
            }
        });
    });
}

}  // namespace mdn
