// What the runs of an ablation say together: rates over seeds, and differences of rows.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/dataset.h"
#include "model/ablation.h"
#include "train/report/bootstrap.h"

namespace mdn {

/// What every run answered on the same clips.
struct AblationAnswers {
    std::vector<AblationRow> rows;  // at least one
    std::vector<int64_t> seeds;     // at least one
    ClassNames classes;
    std::vector<int64_t> truth;                                // [clip]
    std::vector<std::vector<std::vector<int64_t>>> predicted;  // [row][seed][clip]
};

/// A number of each seed.
struct OverSeeds {
    std::vector<double> values;
    double mean = 0, low = 0, high = 0;  // the lowest and the highest
    /// √(Σ(x − mean)²/(n − 1)); none of one seed, which does not show any spread.
    std::optional<double> deviation;
};
OverSeeds over_seeds(const std::vector<double>& values);

/// In percent.
struct RowRates {
    OverSeeds top1, f1_macro;
    std::optional<OverSeeds> f1_mean;  // with body-level classes
};

/// Top-1 of `row` minus that of `other`, in points, paired by clip and by seed.
struct RowDifference {
    size_t row = 0, other = 0;  // indices of rows
    OverSeeds points;
    int64_t same_sign = 0;  // seeds whose difference has the sign of the mean
    /// 95 % interval of the mean for other clips of the same kind and these seeds: clips are drawn
    /// with replacement (bootstrap()), each with what both rows of every seed answered.
    Interval clips;
    /// The same for other clips and other seeds; none of one seed. Both errors are independent, so
    /// their half widths add in squares: that of `clips`, on each side, and that of the mean of n
    /// differences, t(n−1)·deviation/√n. What of a seed's difference is due to the clips counts in
    /// both, which makes the interval rather too wide than too narrow.
    std::optional<Interval> clips_and_seeds;
};

struct ClassRecall {
    int64_t index = 0;           // of the class
    int64_t clips = 0;           // at least one
    std::vector<double> recall;  // of each row, percent, mean over seeds
    OverSeeds difference;  // of the last row to the first, in points; without values of one row
};

struct AblationResult {
    std::vector<RowRates> rates;             // of each row
    std::vector<RowDifference> differences;  // of each row to the one above; last the last to the
                                             // first, where there is a row between
    std::vector<ClassRecall> classes;        // the largest difference first
};

AblationResult ablation_result(const AblationAnswers& answers);

}  // namespace mdn
