// One channel of a batch norm whose rows lie on several ranks: what both devices do with it, in the
// order of the ranks and in double, so that all ranks have the same bits.
#pragma once

#include <cstdint>

namespace mdn {

/// Count, mean and Σ(x − mean)² of the rows so far.
struct RanksMoments {
    double count = 0, mean = 0, squares = 0;

    /// Adds `rows` further ones, whose variance is unbiased (Chan, Golub and LeVeque 1979).
    constexpr void add(double rows, double part_mean, double part_var) {
        if (rows == 0) return;
        const double before = count, distance = part_mean - mean;
        count += rows;
        mean += distance * rows / count;
        squares += part_var * (rows - 1) + distance * distance * before * rows / count;
    }
};

/// What the statistics add to dx = scale·g: slope·x + constant, which is
/// −scale·(mean(g) + x̂·mean(g·x̂)) over the rows of all ranks.
struct RanksGradient {
    double sum_gx = 0, sum_g = 0;  // of all ranks

    constexpr double slope(double rows, double inv_std, double scale) const {
        return -scale * inv_std * sum_gx / rows;
    }
    constexpr double constant(double rows, double mean, double inv_std, double scale) const {
        return -scale * sum_g / rows - slope(rows, inv_std, scale) * mean;
    }
};

}  // namespace mdn
