// Batch norm as column reductions and per-channel maps over [rows, C], each one pass over memory.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/geometry/ranks_moments.h"

namespace mdn {

namespace {

/// Elements a row of at least so many channels is processed in: enough to fill vector registers
/// and hide the loop's overhead, few enough that per-channel arrays stay in the first-level cache.
constexpr int64_t wide = 256;
/// Elements summed in the working precision before they are added to sums in double.
constexpr int64_t chunk_elements = 32768;
/// Rows whose mean serves as the origin of the first chunk.
constexpr int64_t first_rows = 16;

/// x [..., C] as rows of C, of which `fold` are processed at a time as one row of `width` = fold·C
/// elements, with per-channel values repeated `fold` times: short loops would cost more than the
/// arithmetic where C is small.
struct Rows {
    int64_t rows, channels, fold, width;

    explicit Rows(const Tensor& x)
        : rows(x.numel() / x.dim(-1)),
          channels(x.dim(-1)),
          fold((wide + channels - 1) / channels),
          width(fold * channels) {}

    /// body(offset of the first element, number of elements) for the rows in [begin, end).
    template <class F>
    void for_each(int64_t begin, int64_t end, F&& body) const {
        for (int64_t i = begin * channels; i < end * channels; i += width)
            body(i, std::min(width, end * channels - i));
    }

    /// Rows of one chunk: enough to make its merging cheap.
    int64_t chunk() const { return std::max<int64_t>(chunk_elements / channels, 64); }

    /// value(c) for every channel, repeated.
    template <class T, class F>
    std::vector<T> repeat(F&& value) const {
        std::vector<T> repeated(width);
        for (int64_t i = 0; i < width; ++i) repeated[i] = static_cast<T>(value(i % channels));
        return repeated;
    }
};

/// Count, mean and Σ(x − mean)² per channel of the rows seen so far, merged pairwise (Chan, Golub
/// and LeVeque 1979): exact to rounding however far the mean is from zero.
struct Moments {
    double count = 0;
    std::vector<double> mean, squares;

    explicit Moments(int64_t channels) : mean(channels, 0.0), squares(channels, 0.0) {}

    /// Weight of a further part of `n` rows in the mean, and of its distance² in the squares.
    struct Weights {
        double mean, squares;
    };
    Weights grow(double n) {
        const double before = count;
        count += n;
        return {n / count, before * n / count};
    }
    void merge(int64_t c, Weights weights, double part_mean, double part_squares) {
        const double distance = part_mean - mean[c];
        mean[c] += distance * weights.mean;
        squares[c] += part_squares + distance * distance * weights.squares;
    }
    void merge(const Moments& part) {
        if (part.count == 0) return;
        const Weights weights = grow(part.count);
        for (size_t c = 0; c < mean.size(); ++c) merge(c, weights, part.mean[c], part.squares[c]);
    }
};

/// Mean of rows [begin, end), repeated: a point near which the first chunk lies.
template <class T>
std::vector<T> mean_of(const T* x, const Rows& rows, int64_t begin, int64_t end) {
    std::vector<double> sum(rows.channels, 0.0);
    for (int64_t n = begin; n < end; ++n)
        for (int64_t c = 0; c < rows.channels; ++c) sum[c] += x[n * rows.channels + c];
    return rows.repeat<T>([&](int64_t c) { return sum[c] / static_cast<double>(end - begin); });
}

/// Moments of rows [begin, end). A chunk is summed relative to the mean so far, which keeps the
/// squares small, and merged in double.
template <class T>
Moments moments_of(const T* x, const Rows& rows, int64_t begin, int64_t end) {
    Moments total(rows.channels);
    std::vector<T> origin = mean_of(x, rows, begin, std::min(end, begin + first_rows));
    std::vector<T> sum(rows.width), square(rows.width);
    T *o = origin.data(), *s = sum.data(), *q = square.data();
    for (int64_t first = begin; first < end; first += rows.chunk()) {
        const int64_t last = std::min(end, first + rows.chunk());
        std::fill(sum.begin(), sum.end(), T{0});
        std::fill(square.begin(), square.end(), T{0});
        rows.for_each(first, last, [=](int64_t offset, int64_t count) {
            const T* in = x + offset;
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) {
                const T distance = in[i] - o[i];
                s[i] += distance;
                q[i] += distance * distance;
            }
        });
        const double n = static_cast<double>(last - first);
        const Moments::Weights weights = total.grow(n);
        for (int64_t c = 0; c < rows.channels; ++c) {
            double chunk_sum = 0, chunk_square = 0;
            for (int64_t i = c; i < rows.width; i += rows.channels) {
                chunk_sum += s[i];
                chunk_square += q[i];
            }
            total.merge(c, weights, o[c] + chunk_sum / n,
                        std::max(chunk_square - chunk_sum * chunk_sum / n, 0.0));
        }
        for (int64_t i = 0; i < rows.width; ++i)
            o[i] = static_cast<T>(total.mean[i % rows.channels]);
    }
    return total;
}

/// Partial results of all pieces are combined in the order of the rows, so that the result
/// depends on the number of threads only.
template <class T>
Moments moments_of(const Tensor& x) {
    const Rows rows(x);
    std::vector<Moments> parts(threads(), Moments(rows.channels));
    parallel_pieces(rows.rows, x.numel(), [&](int64_t piece, int64_t begin, int64_t end) {
        parts[piece] = moments_of(x.data<T>(), rows, begin, end);
    });
    for (size_t i = 1; i < parts.size(); ++i) parts[0].merge(parts[i]);
    return parts[0];
}

/// y = scale·x + shift [+ scale_b·r + shift_b | + r], then ReLU if asked.
enum class Residual { none, plain, affine };

template <class T, Residual residual, bool relu>
void apply(const Tensor& x, const ChannelAffine& a, const Tensor& r, const ChannelAffine& b,
           Tensor& y) {
    const Rows rows(x);
    const auto repeat = [&](const Tensor& values) {
        return rows.repeat<T>([p = values.data<T>()](int64_t c) { return p[c]; });
    };
    const std::vector<T> scale = repeat(a.scale), shift = repeat(a.shift);
    std::vector<T> scale_b, shift_b;
    if constexpr (residual == Residual::affine) {
        scale_b = repeat(b.scale);
        shift_b = repeat(b.shift);
    }
    const T *in = x.data<T>(), *in_b = residual == Residual::none ? nullptr : r.data<T>();
    T* out = y.data<T>();
    parallel_for(rows.rows, x.numel(), [&](int64_t begin, int64_t end) {
        const T *s = scale.data(), *t = shift.data(), *s_b = scale_b.data(), *t_b = shift_b.data();
        rows.for_each(begin, end, [=](int64_t offset, int64_t count) {
            const T *p = in + offset, *p_b = in_b + offset;
            T* q = out + offset;
            // Element i is read before it is written, so y may be x.
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) {
                T value = s[i] * p[i] + t[i];
                if constexpr (residual == Residual::plain) value += p_b[i];
                // As conv2d_forward_finished adds it: evaluation has the same bits either way.
                if constexpr (residual == Residual::affine) value += s_b[i] * p_b[i] + t_b[i];
                q[i] = relu && value < 0 ? T{0} : value;
            }
        });
    });
}

/// Σ g and Σ g·(x − mean) per channel, in double, where g = dy, behind the ReLU if `relu`.
struct GradientSums {
    std::vector<double> g, g_centred;
    explicit GradientSums(int64_t channels) : g(channels, 0.0), g_centred(channels, 0.0) {}
};

template <class T, bool relu>
GradientSums gradient_sums(const Tensor& x, const Tensor& dy, const std::vector<T>& mean,
                           const std::vector<T>& scale, const std::vector<T>& shift) {
    const Rows rows(x);
    std::vector<GradientSums> parts(threads(), GradientSums(rows.channels));
    const T *px = x.data<T>(), *pdy = dy.data<T>();
    parallel_pieces(rows.rows, x.numel(), [&](int64_t piece, int64_t begin, int64_t end) {
        GradientSums total(rows.channels);
        std::vector<T> sum(rows.width), sum_centred(rows.width);
        T *s = sum.data(), *sc = sum_centred.data();
        const T *m = mean.data(), *a = scale.data(), *b = shift.data();
        for (int64_t first = begin; first < end; first += rows.chunk()) {
            std::fill(sum.begin(), sum.end(), T{0});
            std::fill(sum_centred.begin(), sum_centred.end(), T{0});
            rows.for_each(first, std::min(end, first + rows.chunk()),
                          [=](int64_t offset, int64_t count) {
                              const T *in = px + offset, *grad = pdy + offset;
#pragma omp simd
                              for (int64_t i = 0; i < count; ++i) {
                                  const T g = relu && a[i] * in[i] + b[i] <= 0 ? T{0} : grad[i];
                                  s[i] += g;
                                  sc[i] += g * (in[i] - m[i]);
                              }
                          });
            for (int64_t i = 0; i < rows.width; ++i) {
                total.g[i % rows.channels] += s[i];
                total.g_centred[i % rows.channels] += sc[i];
            }
        }
        parts[piece] = std::move(total);
    });
    for (size_t i = 1; i < parts.size(); ++i)
        for (int64_t c = 0; c < rows.channels; ++c) {
            parts[0].g[c] += parts[i].g[c];
            parts[0].g_centred[c] += parts[i].g_centred[c];
        }
    return parts[0];
}

/// dx from Σ g and Σ g·x̂ of every channel, where g = dy, behind the ReLU if `relu`.
template <class T, bool relu>
void write_gradient(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                    const ChannelAffine& affine, bool batch_statistics, const Tensor& dy,
                    const std::vector<double>& sum_g, const std::vector<double>& sum_g_hat,
                    const Tensor& dx) {
    const Rows rows(x);
    const auto repeat = [&](const Tensor& values) {
        return rows.repeat<T>([p = values.data<T>()](int64_t c) { return p[c]; });
    };
    const std::vector<T> centre = repeat(mean), scale = repeat(affine.scale),
                         shift = repeat(affine.shift);
    // dx = scale·g + slope·(x − mean) + constant, the last two with statistics of the batch only: a
    // NaN in x would else turn 0·x into NaN.
    std::vector<double> slope(rows.channels, 0.0), constant(rows.channels, 0.0);
    const double count = static_cast<double>(rows.rows);
    for (int64_t c = 0; batch_statistics && c < rows.channels; ++c) {
        const double inverse = inv_std.data<T>()[c];
        slope[c] = -scale[c] * inverse * sum_g_hat[c] / count;
        constant[c] = -scale[c] * sum_g[c] / count;
    }
    const std::vector<T> slopes = rows.repeat<T>([&](int64_t c) { return slope[c]; });
    const std::vector<T> constants = rows.repeat<T>([&](int64_t c) { return constant[c]; });
    const T *px = x.data<T>(), *pdy = dy.data<T>();
    T* pdx = dx.data<T>();
    parallel_for(rows.rows, x.numel(), [&](int64_t begin, int64_t end) {
        const T *m = centre.data(), *a = scale.data(), *b = shift.data(), *k = slopes.data(),
                *d = constants.data();
        rows.for_each(begin, end, [=](int64_t offset, int64_t count) {
            const T *in = px + offset, *grad = pdy + offset;
            T* out = pdx + offset;
            // Element i is read before it is written, so dx may be dy.
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) {
                const T g = relu && a[i] * in[i] + b[i] <= 0 ? T{0} : grad[i];
                const T of_statistics = batch_statistics ? k[i] * (in[i] - m[i]) + d[i] : T{0};
                out[i] = a[i] * g + of_statistics;
            }
        });
    });
}

template <class T, bool relu>
void backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
              const ChannelAffine& affine, bool batch_statistics, const Tensor& dy, Tensor& dx,
              Tensor& dgamma, Tensor& dbeta) {
    const Rows rows(x);
    const auto repeat = [&](const Tensor& values) {
        return rows.repeat<T>([p = values.data<T>()](int64_t c) { return p[c]; });
    };
    const GradientSums sums =
        gradient_sums<T, relu>(x, dy, repeat(mean), repeat(affine.scale), repeat(affine.shift));
    std::vector<double> sum_g_hat(rows.channels);
    for (int64_t c = 0; c < rows.channels; ++c) {
        sum_g_hat[c] = sums.g_centred[c] * inv_std.data<T>()[c];
        dgamma.data<T>()[c] = static_cast<T>(sum_g_hat[c]);
        dbeta.data<T>()[c] = static_cast<T>(sums.g[c]);
    }
    write_gradient<T, relu>(x, mean, inv_std, affine, batch_statistics, dy, sums.g, sum_g_hat, dx);
}

/// What is read of channel c, by its mean and (biased) variance.
template <class T>
void write_constants(int64_t c, double mean, double variance, double eps, const Tensor& gamma,
                     const Tensor& beta, const Tensor& inv_std, const Tensor& scale,
                     const Tensor& shift) {
    const double inverse = 1 / std::sqrt(variance + eps), factor = gamma.data<T>()[c] * inverse;
    inv_std.data<T>()[c] = static_cast<T>(inverse);
    scale.data<T>()[c] = static_cast<T>(factor);
    shift.data<T>()[c] = static_cast<T>(beta.data<T>()[c] - mean * factor);
}

/// What a batch norm makes of the moments of a batch.
template <class T>
void write_statistics(const Moments& batch, const Tensor& gamma, const Tensor& beta,
                      const BatchNormOptions& options, const Tensor& running_mean,
                      const Tensor& running_var, const Tensor& mean, const Tensor& inv_std,
                      const Tensor& scale, const Tensor& shift) {
    const double momentum = options.momentum;
    for (int64_t c = 0; c < mean.numel(); ++c) {
        const double unbiased = batch.squares[c] / (batch.count - 1);
        T &kept_mean = running_mean.data<T>()[c], &kept_var = running_var.data<T>()[c];
        kept_mean = static_cast<T>((1 - momentum) * kept_mean + momentum * batch.mean[c]);
        kept_var = static_cast<T>((1 - momentum) * kept_var + momentum * unbiased);
        mean.data<T>()[c] = static_cast<T>(batch.mean[c]);
        write_constants<T>(c, batch.mean[c], batch.squares[c] / batch.count, options.eps, gamma,
                           beta, inv_std, scale, shift);
    }
}

}  // namespace

void CpuKernels::batch_norm_statistics(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                       const BatchNormOptions& options, Tensor& running_mean,
                                       Tensor& running_var, Tensor& mean, Tensor& inv_std,
                                       Tensor& scale, Tensor& shift) {
    with_float_type(x, [&]<class T>(T) {
        write_statistics<T>(moments_of<T>(x), gamma, beta, options, running_mean, running_var, mean,
                            inv_std, scale, shift);
    });
}

void CpuKernels::batch_norm_from_moments(const Tensor& moments, int64_t rows, const Tensor& gamma,
                                         const Tensor& beta, const BatchNormOptions& options,
                                         Tensor& running_mean, Tensor& running_var, Tensor& mean,
                                         Tensor& inv_std, Tensor& scale, Tensor& shift) {
    with_float_type(moments, [&]<class T>(T) {
        const int64_t blocks = moments.dim(1), channels = moments.dim(2);
        const T *means = moments.data<T>(), *squares = means + blocks * channels;
        Moments batch(channels);
        for (int64_t block = 0; block < blocks; ++block) {
            Moments part(channels);
            part.count = static_cast<double>(std::min(moment_rows, rows - block * moment_rows));
            for (int64_t c = 0; c < channels; ++c) {
                part.mean[c] = means[block * channels + c];
                part.squares[c] = squares[block * channels + c];
            }
            batch.merge(part);
        }
        write_statistics<T>(batch, gamma, beta, options, running_mean, running_var, mean, inv_std,
                            scale, shift);
    });
}

void CpuKernels::fold_batch_norms(const std::vector<BatchNormToFold>& norms, double eps) {
    for (const BatchNormToFold& norm : norms)
        with_float_type(norm.gamma, [&]<class T>(T) {
            for (int64_t c = 0; c < norm.gamma.numel(); ++c)
                write_constants<T>(c, norm.running.mean.data<T>()[c], norm.running.var.data<T>()[c],
                                   eps, norm.gamma, norm.beta, norm.folded.inv_std,
                                   norm.folded.scale, norm.folded.shift);
        });
}

void CpuKernels::batch_norm_join_ranks(const Tensor& parts, const std::vector<int64_t>& rows,
                                       double momentum, Tensor& running_mean, Tensor& running_var,
                                       Tensor& mean, Tensor& var) {
    with_float_type(parts, [&]<class T>(T) {
        const int64_t channels = parts.dim(2);
        const auto update = [momentum](T& running, double now) {
            running = static_cast<T>((1 - momentum) * running + momentum * now);
        };
        for (int64_t c = 0; c < channels; ++c) {
            RanksMoments all;
            const T* part = parts.data<T>() + c;
            for (const int64_t count : rows) {
                all.add(static_cast<double>(count), part[0], part[channels]);
                part += 2 * channels;
            }
            update(running_mean.data<T>()[c], all.mean);
            update(running_var.data<T>()[c], all.squares / (all.count - 1));
            mean.data<T>()[c] = static_cast<T>(all.mean);
            var.data<T>()[c] = static_cast<T>(all.squares / all.count);
        }
    });
}

void CpuKernels::batch_norm_ranks_gradient(const Tensor& parts, int64_t rows, const Tensor& mean,
                                           const Tensor& inv_std, const Tensor& scale,
                                           Tensor& slope, Tensor& constant) {
    with_float_type(parts, [&]<class T>(T) {
        const int64_t ranks = parts.dim(0), channels = parts.dim(2);
        const auto count = static_cast<double>(rows);
        for (int64_t c = 0; c < channels; ++c) {
            RanksGradient sums;
            for (int64_t r = 0; r < ranks; ++r) {
                const T* part = parts.data<T>() + 2 * r * channels + c;
                sums.sum_gx += part[0];
                sums.sum_g += part[channels];
            }
            const T m = mean.data<T>()[c], i = inv_std.data<T>()[c], s = scale.data<T>()[c];
            slope.data<T>()[c] = static_cast<T>(sums.slope(count, i, s));
            constant.data<T>()[c] = static_cast<T>(sums.constant(count, m, i, s));
        }
    });
}

void CpuKernels::channel_affine_forward(const Tensor& x, const ChannelAffine& a,
                                        const Tensor& residual, const ChannelAffine& b, bool relu,
                                        Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const auto run = [&]<Residual kind>() {
            relu ? apply<T, kind, true>(x, a, residual, b, y)
                 : apply<T, kind, false>(x, a, residual, b, y);
        };
        if (b.defined())
            run.template operator()<Residual::affine>();
        else if (residual.defined())
            run.template operator()<Residual::plain>();
        else
            run.template operator()<Residual::none>();
    });
}

void CpuKernels::batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& inv_std,
                                     const ChannelAffine& affine, bool batch_statistics,
                                     const Tensor& dy, Tensor& dx, Tensor& dgamma, Tensor& dbeta) {
    with_float_type(x, [&]<class T>(T) {
        affine.relu
            ? backward<T, true>(x, mean, inv_std, affine, batch_statistics, dy, dx, dgamma, dbeta)
            : backward<T, false>(x, mean, inv_std, affine, batch_statistics, dy, dx, dgamma, dbeta);
    });
}

void CpuKernels::batch_norm_backward_from_sums(const Tensor& x, const Tensor& mean,
                                               const Tensor& inv_std, const ChannelAffine& affine,
                                               bool batch_statistics, const Tensor& dy,
                                               const Tensor& dgamma, const Tensor& dbeta,
                                               Tensor& dx) {
    with_float_type(x, [&]<class T>(T) {
        const auto as_doubles = [](const Tensor& sums) {
            return std::vector<double>(sums.data<T>(), sums.data<T>() + sums.numel());
        };
        write_gradient<T, false>(x, mean, inv_std, affine, batch_statistics, dy, as_doubles(dbeta),
                                 as_doubles(dgamma), dx);
    });
}

}  // namespace mdn
