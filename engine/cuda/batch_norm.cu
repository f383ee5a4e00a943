// Batch norm over [rows, C]: column reductions for the statistics, and one pass of memory for each
// map, in which a thread keeps to its channels and so has their parameters in registers.
#include <algorithm>

#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/pack.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

// ---- statistics

/// What a block found of its rows: mean and Σ(x − mean)² of every channel. [C, blocks] each.
struct PartialMoments {
    int64_t blocks, rows_per_block;
    float *mean, *squares;
};

/// A block takes rows_per_block rows (blockIdx.y) of 32 channels (blockIdx.x): lanes neighbouring
/// channels, warps the rows in turn. A thread's sums are relative to its first row, which lies
/// among the data however far they are from zero; then the warps' moments are put together in
/// order.
template <class T>
__global__ void moments_kernel(int64_t rows, int64_t channels, const T* x, PartialMoments partial) {
    constexpr int warps = block_threads / warp_threads;
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int64_t channel = int64_t{blockIdx.x} * warp_threads + lane;
    const int64_t begin = blockIdx.y * partial.rows_per_block;
    const int64_t end =
        begin + partial.rows_per_block < rows ? begin + partial.rows_per_block : rows;
    const auto rows_of = [&](int w) {
        return static_cast<float>((end - begin - w + warps - 1) / warps);
    };
    float* means = dynamic_shared<float>();  // [warps, lanes]
    float* squares = means + block_threads;
    if (channel < channels && begin + warp < end) {
        const float origin = to_float(x[(begin + warp) * channels + channel]);
        float sum = 0, square = 0;
        for (int64_t row = begin + warp; row < end; row += warps) {
            const float distance = to_float(x[row * channels + channel]) - origin;
            sum += distance;
            square += distance * distance;
        }
        const float mean = sum / rows_of(warp);
        means[threadIdx.x] = origin + mean;
        const float around_mean = square - sum * mean;
        squares[threadIdx.x] = around_mean < 0 ? 0 : around_mean;  // NaN stays NaN
    }
    __syncthreads();
    if (warp > 0 || channel >= channels) return;
    float mean = means[lane], square = squares[lane], count = rows_of(0);
    for (int w = 1; w < warps && begin + w < end; ++w) {
        const float distance = means[w * warp_threads + lane] - mean, more = rows_of(w);
        count += more;
        mean += distance * more / count;
        square +=
            squares[w * warp_threads + lane] + distance * distance * more * (count - more) / count;
    }
    const int64_t at = channel * partial.blocks + blockIdx.y;
    partial.mean[at] = mean;
    partial.squares[at] = square;
}

/// What is read of the channels. [C] each.
struct Constants {
    const float *gamma, *beta;
    float *inv_std, *scale, *shift;

    /// Those of channel c, by its mean and (biased) variance.
    __device__ void write(int64_t c, double mean, double variance, double eps) const {
        const double inverse = 1 / sqrt(variance + eps), factor = gamma[c] * inverse;
        inv_std[c] = static_cast<float>(inverse);
        scale[c] = static_cast<float>(factor);
        shift[c] = static_cast<float>(beta[c] - mean * factor);
    }
};

/// The batch's mean, and the running statistics that it updates. [C] each.
struct Statistics {
    float *mean, *running_mean, *running_var;
};

/// A warp for each channel puts the blocks' moments together (Chan, Golub and LeVeque 1979), in
/// double, and works out what the normalisation needs.
__global__ void statistics_kernel(int64_t rows, int64_t channels, PartialMoments partial,
                                  double momentum, double eps, Statistics at, Constants constants) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t c = first_index() / warp_threads;
    if (c >= channels) return;  // the whole warp does
    const float *means = partial.mean + c * partial.blocks,
                *squares = partial.squares + c * partial.blocks;
    const auto rows_of = [&](int64_t block) {
        const int64_t left = rows - block * partial.rows_per_block;
        return static_cast<double>(left < partial.rows_per_block ? left : partial.rows_per_block);
    };
    double sum = 0, square = 0;
    for (int64_t b = lane; b < partial.blocks; b += warp_threads) sum += rows_of(b) * means[b];
    const double count = static_cast<double>(rows), mean = warp_sum(sum) / count;
    for (int64_t b = lane; b < partial.blocks; b += warp_threads) {
        const double distance = means[b] - mean;
        square += squares[b] + rows_of(b) * distance * distance;
    }
    square = warp_sum(square);
    if (lane != 0) return;
    const double kept_mean = at.running_mean[c], kept_var = at.running_var[c];
    at.running_mean[c] = static_cast<float>((1 - momentum) * kept_mean + momentum * mean);
    at.running_var[c] =
        static_cast<float>((1 - momentum) * kept_var + momentum * square / (count - 1));
    at.mean[c] = static_cast<float>(mean);
    constants.write(c, mean, square / count, eps);
}

/// Kernel arguments are limited to 4 KiB, so 60 norms share a launch. A launch for each would take
/// far longer than the few channels of one.
struct NormsToFold {
    static constexpr int most = 60;
    Constants constants[most];
    const float *mean[most], *var[most];
    int64_t channels[most];
};

/// blockIdx.y is the norm, whose channels the blocks along x stride over.
__global__ void fold_kernel(NormsToFold norms, double eps) {
    const int n = static_cast<int>(blockIdx.y);
    const Constants constants = norms.constants[n];
    for (int64_t c = first_index(); c < norms.channels[n]; c += index_step())
        constants.write(c, norms.mean[n][c], norms.var[n][c], eps);
}

// ---- maps

/// The part of [rows, C] that a thread takes: n neighbouring channels of every step-th row.
template <int n>
struct Walk {
    int64_t channel, row, step;
    __device__ explicit Walk(int64_t rows, int64_t channels) {
        const int64_t packs = channels / n;
        channel = first_index() % packs * n;
        row = first_index() / packs;
        step = index_step() / packs;
        if (row >= step) row = rows;  // threads beyond the last whole row have nothing to do
    }
};

/// Launches launch_with(pack size, blocks, rows, channels) for a kernel that walks over x.
template <class T, class Launch>
void walk(const Tensor& x, Launch&& launch_with) {
    const int64_t channels = x.dim(-1), rows = x.numel() / channels;
    with_pack<T>(channels, [&]<int n>(std::integral_constant<int, n> size) {
        const int64_t packs = channels / n, wanted = ceil_divide(rows * packs, block_threads);
        const int64_t most = std::max(cuda_context().multiprocessors() * 16,
                                      ceil_divide(packs, block_threads));  // a row at least
        launch_with(size, blocks_for(std::min(wanted, most)), rows, channels);
    });
}

/// y = scale·x + shift [+ residual_scale·residual], then ReLU if asked.
struct AffineParameters {
    const float *scale, *shift;
    const float *residual_scale, *residual_shift;  // null: the residual as it is
    bool relu;
};

template <class T, int n>
__global__ void affine_kernel(int64_t rows, int64_t channels, const T* x, const T* residual,
                              AffineParameters a, T* y) {
    const Walk<n> walk(rows, channels);
    float scale[n], shift[n], residual_scale[n];
    load(a.scale + walk.channel, scale);
    load(a.shift + walk.channel, shift);
    for (float& factor : residual_scale) factor = 1;
    if (a.residual_scale) {
        float residual_shift[n];
        load(a.residual_scale + walk.channel, residual_scale);
        load(a.residual_shift + walk.channel, residual_shift);
        for (int i = 0; i < n; ++i) shift[i] += residual_shift[i];
    }
    for (int64_t row = walk.row; row < rows; row += walk.step) {
        const int64_t offset = row * channels + walk.channel;
        float values[n], added[n] = {};
        load(x + offset, values);
        if (residual) load(residual + offset, added);
        for (int i = 0; i < n; ++i) {
            values[i] = scale[i] * values[i] + shift[i];
            if (residual) values[i] += residual_scale[i] * added[i];
            if (a.relu && values[i] < 0) values[i] = 0;  // NaN stays NaN
        }
        store(values, y + offset);
    }
}

// ---- gradients

/// What the backward pass knows of its channels. [C] each.
struct Saved {
    const float *mean, *inv_std, *scale, *shift;
    bool relu;
};

/// Σ g·x̂ and Σ g, where g is dy behind the ReLU.
template <class T>
struct GradientSums {
    static constexpr int count = 2;
    int64_t channels;
    const T *x, *dy;
    Saved saved;
    __device__ void operator()(int64_t row, int64_t c, float (&total)[2]) const {
        const int64_t i = row * channels + c;
        const float value = to_float(x[i]), gradient = to_float(dy[i]);
        const bool stopped = saved.relu && saved.scale[c] * value + saved.shift[c] <= 0;
        const float g = stopped ? 0 : gradient;
        total[0] += g * (value - saved.mean[c]) * saved.inv_std[c];
        total[1] += g;
    }
};

/// dx = scale·(g − mean_g − x̂·mean_gx), where mean_g = Σ g/rows and mean_gx = Σ g·x̂/rows with
/// statistics of the batch, else 0.
template <class T, int n>
__global__ void gradient_kernel(int64_t rows, int64_t channels, const T* x, const T* dy,
                                Saved saved, bool batch_statistics, const float* dgamma,
                                const float* dbeta, T* dx) {
    const Walk<n> walk(rows, channels);
    float mean[n], scale[n], shift[n], sum_gx[n], sum_g[n], inv_std[n];
    load(saved.mean + walk.channel, mean);
    load(saved.scale + walk.channel, scale);
    load(saved.shift + walk.channel, shift);
    load(saved.inv_std + walk.channel, inv_std);
    load(dgamma + walk.channel, sum_gx);
    load(dbeta + walk.channel, sum_g);
    // dx = scale·g − slope·(x − mean) − constant, the last two with statistics of the batch only: a
    // NaN in x would else turn 0·x into NaN.
    float slope[n], constant[n];
    const float weight = 1 / static_cast<float>(rows);
    for (int i = 0; i < n; ++i) {
        slope[i] = scale[i] * inv_std[i] * sum_gx[i] * weight;
        constant[i] = scale[i] * sum_g[i] * weight;
    }
    for (int64_t row = walk.row; row < rows; row += walk.step) {
        const int64_t offset = row * channels + walk.channel;
        float values[n], gradient[n];
        load(x + offset, values);
        load(dy + offset, gradient);
        for (int i = 0; i < n; ++i) {
            const bool stopped = saved.relu && scale[i] * values[i] + shift[i] <= 0;
            const float g = stopped ? 0 : gradient[i];
            gradient[i] = scale[i] * g;
            if (batch_statistics)
                gradient[i] = gradient[i] - slope[i] * (values[i] - mean[i]) - constant[i];
        }
        store(gradient, dx + offset);
    }
}

Constants constants_of(const Tensor& gamma, const Tensor& beta, const Tensor& inv_std,
                       const Tensor& scale, const Tensor& shift) {
    return {gamma.data<float>(), beta.data<float>(), inv_std.data<float>(), scale.data<float>(),
            shift.data<float>()};
}

}  // namespace

void CudaKernels::batch_norm_statistics(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                        const BatchNormOptions& options, Tensor& running_mean,
                                        Tensor& running_var, Tensor& mean, Tensor& inv_std,
                                        Tensor& scale, Tensor& shift) {
    constexpr int64_t most_blocks = 512;  // down the rows: fills a large GPU
    constexpr int64_t least_rows = 256;
    const int64_t channels = x.dim(-1), rows = x.numel() / channels;
    PartialMoments partial{};
    partial.rows_per_block = std::max(least_rows, ceil_divide(rows, most_blocks));
    partial.blocks = ceil_divide(rows, partial.rows_per_block);
    const Tensor scratch = Tensor::empty({2, channels, partial.blocks}, DType::f32, Device::cuda);
    partial.mean = scratch.data<float>();
    partial.squares = partial.mean + channels * partial.blocks;
    dim3 grid = blocks_for(channels, warp_threads);
    grid.y = static_cast<unsigned>(partial.blocks);
    with_activation_type(x, [&]<class T>(T) {
        launch(moments_kernel<T>, grid, block_threads, 2 * block_threads * sizeof(float), rows,
               channels, elements<const T>(x), partial);
    });
    const Statistics statistics{mean.data<float>(), running_mean.data<float>(),
                                running_var.data<float>()};
    launch(statistics_kernel, blocks_for(channels, block_threads / warp_threads), block_threads, 0,
           rows, channels, partial, options.momentum, options.eps, statistics,
           constants_of(gamma, beta, inv_std, scale, shift));
}

void CudaKernels::fold_batch_norms(const std::vector<BatchNormToFold>& norms, double eps) {
    for (size_t first = 0; first < norms.size(); first += NormsToFold::most) {
        const size_t here = std::min<size_t>(norms.size() - first, NormsToFold::most);
        NormsToFold some{};
        int64_t widest = 0;
        for (size_t i = 0; i < here; ++i) {
            const auto& [gamma, beta, running, folded] = norms[first + i];
            some.constants[i] =
                constants_of(gamma, beta, folded.inv_std, folded.scale, folded.shift);
            some.mean[i] = running.mean.data<float>();
            some.var[i] = running.var.data<float>();
            some.channels[i] = gamma.numel();
            widest = std::max(widest, gamma.numel());
        }
        dim3 grid = blocks_for(ceil_divide(widest, block_threads));
        grid.y = static_cast<unsigned>(here);
        launch(fold_kernel, grid, block_threads, 0, some, eps);
    }
}

void CudaKernels::channel_affine_forward(const Tensor& x, const ChannelAffine& a,
                                         const Tensor& residual, const ChannelAffine& b, bool relu,
                                         Tensor& y) {
    const auto values = [](const Tensor& t) { return t.defined() ? t.data<float>() : nullptr; };
    const AffineParameters parameters{values(a.scale), values(a.shift), values(b.scale),
                                      values(b.shift), relu};
    with_activation_type(x, [&]<class T>(T) {
        const T* added = residual.defined() ? elements<const T>(residual) : nullptr;
        walk<T>(x, [&]<int n>(std::integral_constant<int, n>, dim3 blocks, int64_t rows,
                              int64_t channels) {
            launch(affine_kernel<T, n>, blocks, block_threads, 0, rows, channels,
                   elements<const T>(x), added, parameters, elements<T>(y));
        });
    });
}

void CudaKernels::batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                                      const ChannelAffine& affine, bool batch_statistics,
                                      const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta) {
    const Saved saved{mean.data<float>(), inv_std.data<float>(), affine.scale.data<float>(),
                      affine.shift.data<float>(), affine.relu};
    float *const sum_gx = dgamma.data<float>(), *const sum_g = dbeta.data<float>();
    with_activation_type(x, [&]<class T>(T) {
        const T *px = elements<const T>(x), *pdy = elements<const T>(dy);
        const int64_t channels = x.dim(-1);
        column_sums_of(x.numel() / channels, channels, GradientSums<T>{channels, px, pdy, saved},
                       {{sum_gx, sum_g}});
        walk<T>(x, [&]<int n>(std::integral_constant<int, n>, dim3 blocks, int64_t rows, int64_t) {
            launch(gradient_kernel<T, n>, blocks, block_threads, 0, rows, channels, px, pdy, saved,
                   batch_statistics, sum_gx, sum_g, elements<T>(dx));
        });
    });
}

}  // namespace mdn
