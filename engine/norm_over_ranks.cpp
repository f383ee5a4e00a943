#include "engine/norm_over_ranks.h"

#include <algorithm>
#include <numeric>

#include "engine/communicator.h"

namespace mdn {

namespace {

/// Rows of each rank, of which this one has `own`, those of a stand-in among them.
std::vector<int64_t> rows_of_ranks(const NormRanks& ranks, int64_t own) {
    const int64_t clips = ranks.clips[static_cast<size_t>(ranks.over->rank())];
    std::vector<int64_t> rows;
    for (const int64_t count : ranks.clips)
        rows.push_back(count * (own / std::max<int64_t>(clips, 1)));
    return rows;
}

/// a and b [C] of each rank: [R,2,C].
Tensor gather_pairs(const Tensor& a, const Tensor& b, Communicator& over) {
    const int64_t channels = a.numel();
    const Tensor own = empty_as(a, {2, channels});
    own.rows(0, 1).copy_from(a.view({1, channels}));
    own.rows(1, 1).copy_from(b.view({1, channels}));
    return over.gather_rows(own.view({1, 2, channels}),
                            std::vector<int64_t>(static_cast<size_t>(over.ranks()), 1));
}

}  // namespace

void take_statistics_of_ranks(const BatchNormOptions& options, RunningStatistics& running,
                              Normalized& n) {
    // This rank's own: a running mean of momentum 1 is that of the batch.
    Tensor mean = zeros_like(n.gamma), var = zeros_like(n.gamma), unused[4];
    for (Tensor& constant : unused) constant = empty_like(n.gamma);
    kernels(n.x).batch_norm_statistics(n.x, n.gamma, n.beta, {.momentum = 1}, mean, var, unused[0],
                                       unused[1], unused[2], unused[3]);
    const std::vector<int64_t> rows = rows_of_ranks(options.ranks, n.x.numel() / n.x.dim(-1));
    n.rows = std::accumulate(rows.begin(), rows.end(), int64_t{0});
    kernels(n.x).batch_norm_join_ranks(gather_pairs(mean, var, *options.ranks.over), rows,
                                       options.momentum, running.mean, running.var, n.mean, var);
    // What evaluation makes of running statistics, this batch's statistics stand in the place of.
    kernels(n.x).fold_batch_norms({{n.gamma, n.beta, {n.mean, var}, {n.inv_std, n.scale, n.shift}}},
                                  options.eps);
}

void add_gradient_of_statistics(const NormOfRanks& norm, const Tensor& dgamma, const Tensor& dbeta,
                                Tensor& dx) {
    const Tensor sums = gather_pairs(dgamma, dbeta, *norm.ranks.over);
    if (norm.ranks.clips[static_cast<size_t>(norm.ranks.over->rank())] == 0) return;
    ChannelAffine of_statistics{empty_like(norm.mean), empty_like(norm.mean)};
    kernels(dx).batch_norm_ranks_gradient(sums, norm.rows, norm.mean, norm.inv_std, norm.scale,
                                          of_statistics.scale, of_statistics.shift);
    kernels(dx).channel_affine_forward(norm.x, of_statistics, dx, {}, false, dx);
}

}  // namespace mdn
