// Convolution as implicit matrix products: y = patches(x)·Wᵀ, dW = dyᵀ·patches(x), and dx as
// convolutions of dy with the flipped weights, one for each phase of the stride.
#include "engine/cpu/conv2d_narrow.h"
#include "engine/cpu/conv2d_patches.h"
#include "engine/cpu/conv2d_winograd.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

template <class T>
Patches<T> patches_of(const Tensor& x, const ChannelAffine& read, const Shape& weight,
                      const Conv2d& options, const Tensor& y) {
    Patches<T> patches{.image = x.data<T>(),
                       .images = x.dim(0),
                       .height = x.dim(1),
                       .width = x.dim(2),
                       .channels = x.dim(3),
                       .kernel_height = weight[1],
                       .kernel_width = weight[2],
                       .stride = options.stride,
                       .pad_y = options.pad,
                       .pad_x = options.pad,
                       .out_height = y.dim(1),
                       .out_width = y.dim(2),
                       .shift_frames = options.shift_frames};
    if (read.defined()) {
        patches.scale = read.scale.data<T>();
        patches.shift = read.shift.data<T>();
        patches.relu = read.relu;
    }
    return patches;
}

/// Input positions of one phase along one axis: those with position % stride == phase. Output o
/// reaches input s·o − pad + k through kernel position k. So position s·q + phase is reached by
/// k = first_tap + s·j, j = 0..taps−1, from output q + reach − j: seen from q, a convolution of
/// stride 1 over the outputs whose kernel holds every s-th weight in reverse order.
struct Phase {
    Phase(int64_t phase, const Conv2d& options, int64_t kernel, int64_t size)
        : phase(phase),
          positions(size > phase ? (size - phase - 1) / options.stride + 1 : 0),
          first_tap((phase + options.pad) % options.stride),
          taps(kernel > first_tap ? (kernel - first_tap - 1) / options.stride + 1 : 0),
          reach((phase + options.pad - first_tap) / options.stride) {}
    int64_t phase, positions, first_tap, taps, reach;
    /// Padding of that convolution: its first kernel position reads output q + reach − (taps − 1).
    int64_t pad() const { return taps - 1 - reach; }
};

/// The flipped weights of one phase as the right operand [(j_y, j_x, o), i].
template <class T>
struct PhaseWeights {
    const T* weight;  // [O,kh,kw,I]
    int64_t out_channels, kernel_height, kernel_width, in_channels, stride;
    Phase y, x;
    void pack(int64_t k, int64_t depth, int64_t column, int64_t columns, T* panel) const {
        const int64_t row_stride = panel_width<T>(columns);
        for (int64_t row = k; row < k + depth;) {
            const int64_t o = row % out_channels, tap = row / out_channels;
            const int64_t ky = y.first_tap + stride * (y.taps - 1 - tap / x.taps);
            const int64_t kx = x.first_tap + stride * (x.taps - 1 - tap % x.taps);
            const int64_t count = std::min(k + depth - row, out_channels - o);
            const T* from =
                weight + ((o * kernel_height + ky) * kernel_width + kx) * in_channels + column;
            copy_rows(count, columns, from, kernel_height * kernel_width * in_channels,
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
void multiply_patches(const Patches<T>& patches, int64_t out_channels, const B& b,
                      const Rows& rows) {
    const GemmOutput<T, Rows> out{rows};
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

}  // namespace

void CpuKernels::conv2d_forward(const Tensor& x, const ChannelAffine& read, const Tensor& weight,
                                const Conv2d& options, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const Patches<T> patches = patches_of<T>(x, read, weight.shape(), options, y);
        const int64_t out_channels = weight.dim(0);
        T* const out = y.data<T>();
        if (use_winograd(patches, out_channels))
            return winograd_conv2d(patches, {weight.data<T>(), out_channels, x.dim(3), false}, out);
        const ColumnMajorB<T> b{weight.data<T>(), patches.columns()};
        if (narrow_pays(patches, out_channels))
            return narrow_conv2d(
                patches, pack_weights<T>(b, patches.columns(), out_channels), out_channels,
                {out, y.numel() / y.dim(0), y.dim(2) * out_channels, out_channels});
        const auto rows = [=](int64_t i) { return out + i * out_channels; };
        multiply_patches(patches, out_channels, b, rows);
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
                const Patches<T> patches{.image = dy.data<T>(),
                                         .images = dy.dim(0),
                                         .height = dy.dim(1),
                                         .width = dy.dim(2),
                                         .channels = dy.dim(3),
                                         .kernel_height = y.taps,
                                         .kernel_width = x.taps,
                                         .stride = 1,
                                         .pad_y = y.pad(),
                                         .pad_x = x.pad(),
                                         .out_height = y.positions,
                                         .out_width = x.positions};
                if (options.stride == 1 && use_winograd(patches, channels)) {
                    winograd_conv2d(patches, {weight.data<T>(), channels, dy.dim(3), true}, out);
                    continue;
                }
                const PhaseWeights<T> weights{weight.data<T>(),
                                              weight.dim(0),
                                              weight.dim(1),
                                              weight.dim(2),
                                              channels,
                                              options.stride,
                                              y,
                                              x};
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

void CpuKernels::conv2d_backward_weight(const Tensor& x, const ChannelAffine& read,
                                        const Tensor& dy, const Conv2d& options, Tensor& dweight) {
    with_float_type(x, [&]<class T>(T) {
        const Patches<T> patches = patches_of<T>(x, read, dweight.shape(), options, dy);
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
