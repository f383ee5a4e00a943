// Convolution as implicit matrix products: y = patches(x)·Wᵀ, dW = dyᵀ·patches(x), and dx as
// convolutions of dy with the flipped weights, one for each phase of the stride.
#include <algorithm>
#include <cmath>

#include "engine/cpu/conv2d_narrow.h"
#include "engine/cpu/conv2d_patches.h"
#include "engine/cpu/conv2d_winograd.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// The flipped weights of one phase, packed from where they lie.
template <class T>
struct PhaseWeights : FlippedWeights {
    const T* weight;  // [O,kh,kw,I]

    PhaseWeights(const Tensor& weight, const Phase& y, const Phase& x)
        : FlippedWeights(weight.shape(), y, x), weight(weight.data<T>()) {}
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panel) const {
        const int64_t row_stride = panel_width<T>(columns);
        for (int64_t row = k; row < k + depth;) {
            const int64_t count = std::min(k + depth - row, out_channels - row % out_channels);
            copy_rows(count, columns, weight + offset(row) + column, row_step(),
                      panel + (row - k) * row_stride, row_stride);
            row += count;
        }
    }
};

/// Moves the gradient of a shifted tensor back to the frames its channels came from, in place.
template <class T>
void unshift(Tensor& dx, int64_t frames) {
    const int64_t channels = dx.dim(3), fold = channels / 8, pixels = dx.dim(1) * dx.dim(2);
    const int64_t frame_size = pixels * channels, clips = dx.dim(0) / frames;
    if (fold == 0) return;
    parallel_for(clips * pixels, clips * pixels * frames * fold, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            T* const first =
                dx.data<T>() + i / pixels * frames * frame_size + i % pixels * channels;
            const auto move = [&](int64_t from, int64_t to, int64_t channel) {
                T* const target = first + to * frame_size + channel;
                if (from >= 0 && from < frames)
                    copy_run(first + from * frame_size + channel, fold, target);
                else
                    std::fill(target, target + fold, T{0});
            };
            for (int64_t t = frames - 1; t >= 0; --t) move(t - 1, t, 0);
            for (int64_t t = 0; t < frames; ++t) move(t + 1, t, fold);
        }
    });
}

/// y = patches·B, with y's rows where `rows` says.
template <class T, class B, class Rows>
void multiply_patches(const Patches<T>& patches, int64_t out_channels, const B& b, const Rows& rows,
                      const Finish<T>* finish = nullptr) {
    const GemmOutput<T, Rows> out{.rows = rows, .finish = finish};
    if (patches.is_image())
        gemm_shared_b(patches.rows(), out_channels, patches.columns(),
                      RowMajorA<T>{patches.image, patches.channels}, b, out);
    else
        gemm_shared_b(patches.rows(), out_channels, patches.columns(), PatchesA<T>{patches}, b,
                      out);
}

/// Winograd's transforms cost some digits: float has them to spare, double is for exactness.
template <class T>
bool use_winograd(const Patches<T>& patches, int64_t out_channels) {
    return sizeof(T) == sizeof(float) && winograd_pays(patches, out_channels);
}

/// y = patches(x)·Wᵀ, finished where `finish` is given.
template <class T>
void convolve(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
              const Conv2d& options, const Finish<T>* finish, Tensor& y) {
    const Patches<T> patches =
        patches_of(x.data<T>(), x.shape(), read, weight.shape(), options, y.shape());
    const int64_t out_channels = weight.dim(0);
    T* const out = y.data<T>();
    if (use_winograd(patches, out_channels))
        return winograd_conv2d(patches, {weight.data<T>(), out_channels, x.dim(3), false}, out,
                               finish);
    const ColumnMajorB<T> b{weight.data<T>(), patches.columns()};
    if (narrow_pays(patches, out_channels))
        return narrow_conv2d(
            patches, pack_weights<T>(b, patches.columns(), out_channels), out_channels,
            {out, y.numel() / y.dim(0), y.dim(2) * out_channels, out_channels}, finish);
    const auto rows = [=](int64_t i) { return out + i * out_channels; };
    multiply_patches(patches, out_channels, b, rows, finish);
}

}  // namespace

void CpuKernels::conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                                const Conv2d& options, Tensor& y) {
    with_float_type(x, [&]<class T>(T) { convolve<T>(x, read, weight, options, nullptr, y); });
}

void CpuKernels::conv2d_forward_finished(const Tensor& x, const Tensor& weight,
                                         const Conv2d& options, const ChannelAffine& affine,
                                         const Tensor& residual, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const Finish<T> finish = {affine.scale.data<T>(), affine.shift.data<T>(), y.data<T>(),
                                  residual.defined() ? residual.data<T>() : nullptr, affine.relu};
        convolve<T>(x, {}, weight, options, &finish, y);
    });
}

void CpuKernels::conv2d_forward_moments(const Tensor& x, const ChannelAffine& read,
                                        const Tensor& weight, const Conv2d& options, Tensor& y,
                                        Tensor& moments) {
    conv2d_forward(x, read, weight, options, y);
    with_float_type(y, [&]<class T>(T) {
        const int64_t channels = y.dim(3), rows = y.numel() / channels, blocks = moments.dim(1);
        for (int64_t block = 0; block < blocks; ++block) {
            const int64_t begin = block * moment_rows, end = std::min(begin + moment_rows, rows);
            for (int64_t c = 0; c < channels; ++c) {
                const T* const column = y.data<T>() + c;
                double sum = 0, squares = 0;
                for (int64_t row = begin; row < end; ++row) sum += column[row * channels];
                const double mean = sum / static_cast<double>(end - begin);
                for (int64_t row = begin; row < end; ++row)
                    squares += std::pow(column[row * channels] - mean, 2);
                moments.data<T>()[block * channels + c] = static_cast<T>(mean);
                moments.data<T>()[(blocks + block) * channels + c] = static_cast<T>(squares);
            }
        }
    });
}

void CpuKernels::conv2d_backward_input(const Tensor& dy, const Tensor& weight,
                                       const Conv2d& options, Tensor& dx) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t height = dx.dim(1), width = dx.dim(2), channels = dx.dim(3);
        T* const out = dx.data<T>();
        for (int64_t phase_y = 0; phase_y < options.stride; ++phase_y)
            for (int64_t phase_x = 0; phase_x < options.stride; ++phase_x) {
                const Phase y(phase_y, options, weight.dim(1), height);
                const Phase x(phase_x, options, weight.dim(2), width);
                const Patches<T> patches = patches_of(dy.data<T>(), dy.shape(), y, x);
                if (options.stride == 1 && use_winograd(patches, channels)) {
                    winograd_conv2d(patches, {weight.data<T>(), channels, dy.dim(3), true}, out);
                    continue;
                }
                const PhaseWeights<T> weights(weight, y, x);
                if (narrow_pays(patches, channels)) {
                    narrow_conv2d(
                        patches, pack_weights<T>(weights, patches.columns(), channels), channels,
                        {out + (y.phase * width + x.phase) * channels, height * width * channels,
                         options.stride * width * channels, options.stride * channels});
                    continue;
                }
                const auto rows = [=, stride = options.stride](int64_t i) {
                    const int64_t column = i % x.positions * stride + x.phase;
                    const int64_t row = i / x.positions % y.positions * stride + y.phase;
                    const int64_t image = i / (x.positions * y.positions);
                    return out + ((image * height + row) * width + column) * channels;
                };
                multiply_patches(patches, channels, weights, rows);
            }
        if (options.shift_frames > 0) unshift<T>(dx, options.shift_frames);
    });
}

void CpuKernels::conv2d_backward_input_add(const Tensor& dy, const Tensor& weight,
                                           const Conv2d& options, Tensor& dx) {
    Tensor more = empty_like(dx);
    conv2d_backward_input(dy, weight, options, more);
    add(dx, more, dx);
}

void CpuKernels::conv2d_backward_input_sums(const Tensor& dy, const Tensor& weight,
                                            const Conv2d& options, bool add,
                                            const NormAndRelu& norm, Tensor& dx, Tensor& dgamma,
                                            Tensor& dbeta) {
    if (add)
        conv2d_backward_input_add(dy, weight, options, dx);
    else
        conv2d_backward_input(dy, weight, options, dx);
    Tensor scratch = empty_like(dx);
    if (norm.output.defined()) {
        relu_backward(norm.output, dx, dx);
    } else if (norm.affine.relu) {
        channel_affine_forward(norm.x, norm.affine, {}, {}, true, scratch);
        relu_backward(scratch, dx, dx);
    }
    batch_norm_backward(norm.x, norm.mean, norm.inv_std, {norm.affine.scale, norm.affine.shift},
                        false, dx, scratch, dgamma, dbeta);
}

void CpuKernels::conv2d_backward_weight(const Tensor& x, const ChannelAffine& read,
                                        const Tensor& dy, const Conv2d& options, Tensor& dweight) {
    with_float_type(x, [&]<class T>(T) {
        const Patches<T> patches =
            patches_of(x.data<T>(), x.shape(), read, dweight.shape(), options, dy.shape());
        const int64_t out_channels = dweight.dim(0);
        if (use_winograd(patches, out_channels))
            return winograd_weight_gradient(patches, dy.data<T>(), out_channels, dweight.data<T>());
        if (narrow_pays(patches, out_channels))
            return narrow_weight_gradient(patches, dy.data<T>(), out_channels, dweight.data<T>());
        gemm_long_k(out_channels, patches.columns(), patches.rows(),
                    ColumnMajorA<T>{dy.data<T>(), out_channels}, PatchesB<T>{patches},
                    dweight.data<T>());
    });
}

}  // namespace mdn
