// Batch norm over [rows, C]: column reductions for the statistics, and one pass of memory for each
// map, in which a thread keeps to its channels and so has their parameters in registers.
#include <algorithm>

#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/pack.h"
#include "engine/geometry/ranks_moments.h"

namespace mdn {

namespace {

// ---- statistics

/// What was found of each block of rows: mean and Σ(x − mean)² of every channel. [blocks, C] each.
struct PartialMoments {
    int64_t blocks, rows_per_block;
    float *mean, *squares;
};

/// A block takes rows_per_block rows (blockIdx.y) of the channels of a ColumnTile (blockIdx.x). A
/// thread's sums are relative to its first row, which lies among the data however far they are from
/// zero; then the moments of the tile's rows of threads are put together in order.
template <class T, int n>
__global__ void moments_kernel(int64_t rows, int64_t channels, const T* x, PartialMoments partial) {
    using Tile = ColumnTile<n>;
    const int pack = static_cast<int>(threadIdx.x) % Tile::packs * n;
    const int first = static_cast<int>(threadIdx.x) / Tile::packs;
    const int64_t left = int64_t{blockIdx.x} * Tile::columns;
    const int64_t begin = blockIdx.y * partial.rows_per_block;
    const int64_t end =
        begin + partial.rows_per_block < rows ? begin + partial.rows_per_block : rows;
    const auto rows_of = [&](int row) {
        return static_cast<float>((end - begin - row + Tile::rows - 1) / Tile::rows);
    };
    float* const means = dynamic_shared<float>();  // [rows of the tile, its columns]
    float* const squares = means + block_threads * n;
    if (left + pack < channels && begin + first < end) {
        const T* const from = x + left + pack;
        float origin[n], sum[n] = {}, square[n] = {};
        load(from + (begin + first) * channels, origin);
        for (int64_t row = begin + first; row < end; row += Tile::rows) {
            float values[n];
            load(from + row * channels, values);
            for (int i = 0; i < n; ++i) {
                const float distance = values[i] - origin[i];
                sum[i] += distance;
                square[i] += distance * distance;
            }
        }
        for (int i = 0; i < n; ++i) {
            const float mean = sum[i] / rows_of(first), around_mean = square[i] - sum[i] * mean;
            means[first * Tile::columns + pack + i] = origin[i] + mean;
            squares[first * Tile::columns + pack + i] =
                around_mean < 0 ? 0 : around_mean;  // NaN stays NaN
        }
    }
    __syncthreads();
    const int column = static_cast<int>(threadIdx.x);
    if (column >= Tile::columns || left + column >= channels) return;
    float mean = means[column], square = squares[column], count = rows_of(0);
    for (int row = 1; row < Tile::rows && begin + row < end; ++row) {
        const int from = row * Tile::columns + column;
        const float distance = means[from] - mean, more = rows_of(row);
        count += more;
        mean += distance * more / count;
        square += squares[from] + distance * distance * more * (count - more) / count;
    }
    const int64_t at = blockIdx.y * channels + left + column;
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

/// Channels of a block of statistics_kernel: 32 bytes of each row of moments, all that memory gives
/// at a time.
constexpr int block_channels = 8;

/// A block puts the moments of its channels together (Chan, Golub and LeVeque 1979), in double, and
/// works out what the normalisation needs. Threads of one channel take the blocks of rows in turn.
__global__ void statistics_kernel(int64_t rows, int64_t channels, PartialMoments partial,
                                  double momentum, double eps, Statistics at, Constants constants) {
    constexpr int down = block_threads / block_channels;
    const int first = threadIdx.x / block_channels, mine = threadIdx.x % block_channels;
    const int64_t c = int64_t{blockIdx.x} * block_channels + mine;
    const int64_t blocks = c < channels ? partial.blocks : 0;
    const auto rows_of = [&](int64_t block) {
        const int64_t left = rows - block * partial.rows_per_block;
        return static_cast<double>(left < partial.rows_per_block ? left : partial.rows_per_block);
    };
    double* const shares = dynamic_shared<double>();  // [down, block_channels]
    const auto total = [&](double share) {
        shares[threadIdx.x] = share;
        __syncthreads();
        double sum = 0;
        for (int i = 0; i < down; ++i) sum += shares[i * block_channels + mine];
        __syncthreads();
        return sum;
    };
    double sum = 0, square = 0;
    for (int64_t b = first; b < blocks; b += down)
        sum += rows_of(b) * partial.mean[b * channels + c];
    const double count = static_cast<double>(rows), mean = total(sum) / count;
    for (int64_t b = first; b < blocks; b += down) {
        const double distance = partial.mean[b * channels + c] - mean;
        square += partial.squares[b * channels + c] + rows_of(b) * distance * distance;
    }
    square = total(square);
    if (first != 0 || c >= channels) return;
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
    static constexpr int count = 2, most = pack_bytes / int{sizeof(T)};
    int64_t channels;
    const T *x, *dy;
    Saved saved;
    template <int n>
    __device__ void add(int64_t row, int64_t c, float (&total)[2][n]) const {
        float values[n], gradient[n];
        load(x + row * channels + c, values);
        load(dy + row * channels + c, gradient);
        for (int i = 0; i < n; ++i) {
            const bool stopped =
                saved.relu && saved.scale[c + i] * values[i] + saved.shift[c + i] <= 0;
            const float g = stopped ? 0 : gradient[i];
            total[0][i] += g * (values[i] - saved.mean[c + i]) * saved.inv_std[c + i];
            total[1][i] += g;
        }
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

// ---- over ranks

/// How many ranks a kernel may be told of by value (4 KiB).
struct RowsOfRanks {
    static constexpr int most = 256;
    int64_t count[most];
    int ranks;
};

/// A thread per channel of parts [R,2,C].
__global__ void join_ranks_kernel(int64_t channels, const float* parts, RowsOfRanks rows,
                                  double momentum, float* running_mean, float* running_var,
                                  float* mean, float* var) {
    const int64_t c = first_index();
    if (c >= channels) return;
    RanksMoments all;
    for (int r = 0; r < rows.ranks; ++r) {
        const float* part = parts + int64_t{2} * r * channels + c;
        all.add(static_cast<double>(rows.count[r]), part[0], part[channels]);
    }
    running_mean[c] = static_cast<float>((1 - momentum) * running_mean[c] + momentum * all.mean);
    running_var[c] = static_cast<float>((1 - momentum) * running_var[c] +
                                        momentum * (all.squares / (all.count - 1)));
    mean[c] = static_cast<float>(all.mean);
    var[c] = static_cast<float>(all.squares / all.count);
}

/// The same way.
__global__ void ranks_gradient_kernel(int64_t channels, int64_t ranks, const float* parts,
                                      int64_t rows, const float* mean, const float* inv_std,
                                      const float* scale, float* slope, float* constant) {
    const int64_t c = first_index();
    if (c >= channels) return;
    RanksGradient sums;
    for (int64_t r = 0; r < ranks; ++r) {
        const float* part = parts + 2 * r * channels + c;
        sums.sum_gx += part[0];
        sums.sum_g += part[channels];
    }
    const auto count = static_cast<double>(rows);
    slope[c] = static_cast<float>(sums.slope(count, inv_std[c], scale[c]));
    constant[c] = static_cast<float>(sums.constant(count, mean[c], inv_std[c], scale[c]));
}

template <class T>
void write_gradient(const Tensor& x, const Tensor& dy, const Saved& saved, bool batch_statistics,
                    const Tensor& dgamma, const Tensor& dbeta, const Tensor& dx) {
    walk<T>(
        x, [&]<int n>(std::integral_constant<int, n>, dim3 blocks, int64_t rows, int64_t channels) {
            launch(gradient_kernel<T, n>, blocks, block_threads, 0, rows, channels,
                   elements<const T>(x), elements<const T>(dy), saved, batch_statistics,
                   dgamma.data<float>(), dbeta.data<float>(), elements<T>(dx));
        });
}

Constants constants_of(const Tensor& gamma, const Tensor& beta, const Tensor& inv_std,
                       const Tensor& scale, const Tensor& shift) {
    return {gamma.data<float>(), beta.data<float>(), inv_std.data<float>(), scale.data<float>(),
            shift.data<float>()};
}

void write_statistics(int64_t rows, int64_t channels, const PartialMoments& partial,
                      const BatchNormOptions& options, const Statistics& statistics,
                      const Constants& constants) {
    launch(statistics_kernel, blocks_for(channels, block_channels), block_threads,
           block_threads * sizeof(double), rows, channels, partial, options.momentum, options.eps,
           statistics, constants);
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
    const Tensor scratch = Tensor::empty({2, partial.blocks, channels}, DType::f32, Device::cuda);
    partial.mean = scratch.data<float>();
    partial.squares = partial.mean + channels * partial.blocks;
    with_activation_type(x, [&]<class T>(T) {
        with_pack<T>(channels, [&]<int n>(std::integral_constant<int, n>) {
            dim3 grid = blocks_for(channels, ColumnTile<n>::columns);
            grid.y = static_cast<unsigned>(partial.blocks);
            launch(moments_kernel<T, n>, grid, block_threads,
                   2 * block_threads * n * int64_t{sizeof(float)}, rows, channels,
                   elements<const T>(x), partial);
        });
    });
    write_statistics(rows, channels, partial, options,
                     {mean.data<float>(), running_mean.data<float>(), running_var.data<float>()},
                     constants_of(gamma, beta, inv_std, scale, shift));
}

void CudaKernels::batch_norm_from_moments(const Tensor& moments, int64_t rows, const Tensor& gamma,
                                          const Tensor& beta, const BatchNormOptions& options,
                                          Tensor& running_mean, Tensor& running_var, Tensor& mean,
                                          Tensor& inv_std, Tensor& scale, Tensor& shift) {
    const int64_t blocks = moments.dim(1), channels = moments.dim(2);
    const PartialMoments partial{blocks, moment_rows, moments.data<float>(),
                                 moments.data<float>() + blocks * channels};
    write_statistics(rows, channels, partial, options,
                     {mean.data<float>(), running_mean.data<float>(), running_var.data<float>()},
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

void CudaKernels::batch_norm_join_ranks(const Tensor& parts, const std::vector<int64_t>& rows,
                                        double momentum, Tensor& running_mean, Tensor& running_var,
                                        Tensor& mean, Tensor& var) {
    if (rows.size() > RowsOfRanks::most)
        throw Error("--sync-batch-norm on a GPU is for " + std::to_string(RowsOfRanks::most) +
                        " ranks at most, these are " + std::to_string(rows.size()),
                    "leave it out, or train with fewer ranks");
    RowsOfRanks of_ranks{};
    of_ranks.ranks = static_cast<int>(rows.size());
    std::copy(rows.begin(), rows.end(), of_ranks.count);
    const int64_t channels = parts.dim(2);
    launch(join_ranks_kernel, blocks_for(channels, block_threads), block_threads, 0, channels,
           parts.data<float>(), of_ranks, momentum, running_mean.data<float>(),
           running_var.data<float>(), mean.data<float>(), var.data<float>());
}

void CudaKernels::batch_norm_ranks_gradient(const Tensor& parts, int64_t rows, const Tensor& mean,
                                            const Tensor& inv_std, const Tensor& scale,
                                            Tensor& slope, Tensor& constant) {
    const int64_t channels = parts.dim(2);
    launch(ranks_gradient_kernel, blocks_for(channels, block_threads), block_threads, 0, channels,
           parts.dim(0), parts.data<float>(), rows, mean.data<float>(), inv_std.data<float>(),
           scale.data<float>(), slope.data<float>(), constant.data<float>());
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
    with_activation_type(x, [&]<class T>(T) {
        const int64_t channels = x.dim(-1);
        column_sums_of(
            x.numel() / channels, channels,
            GradientSums<T>{channels, elements<const T>(x), elements<const T>(dy), saved},
            {{dgamma.data<float>(), dbeta.data<float>()}});
        write_gradient<T>(x, dy, saved, batch_statistics, dgamma, dbeta, dx);
    });
}

void CudaKernels::batch_norm_backward_from_sums(const Tensor& x, const Tensor& mean,
                                                const Tensor& inv_std, const ChannelAffine& affine,
                                                bool batch_statistics, const Tensor& dy,
                                                const Tensor& dgamma, const Tensor& dbeta,
                                                Tensor& dx) {
    const Saved saved{mean.data<float>(), inv_std.data<float>(), affine.scale.data<float>(),
                      affine.shift.data<float>(), false};
    with_activation_type(x, [&]<class T>(T) {
        write_gradient<T>(x, dy, saved, batch_statistics, dgamma, dbeta, dx);
    });
}

}  // namespace mdn
