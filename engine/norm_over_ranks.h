// Batch norm whose batch several processes share. Each has its rows; mean, variance and the two
// sums of the backward pass are those of all rows.
//
// The kernels are those of one process. A rank takes the moments of its rows, all ranks gather
// them, and each joins them in the order of the ranks, in double: so they have the same statistics,
// bit for bit. In the backward pass the kernel gives scale·g and the rank's own sums; what the
// statistics add to dx is one map of x more.
#pragma once

#include "engine/ops.h"

namespace mdn {

/// The statistics of n.x's batch: fills n.mean, inv_std, scale and shift, and n.rows, and updates
/// `running`. A rank whose rows do not count has the statistics of the others.
void take_statistics_of_ranks(const BatchNormOptions& options, RunningStatistics& running,
                              Normalized& n);

/// What take_statistics_of_ranks left for the backward pass.
struct NormOfRanks {
    Tensor x, mean, inv_std, scale;
    NormRanks ranks;
    int64_t rows;
};
/// Adds scale·(−mean(g) − x̂·mean(g·x̂)) to dx = scale·g, the means being over the rows of all ranks.
/// dgamma = Σ g·x̂ and dbeta = Σ g of this rank stay what they are.
void add_gradient_of_statistics(const NormOfRanks& norm, const Tensor& dgamma, const Tensor& dbeta,
                                Tensor& dx);

}  // namespace mdn
