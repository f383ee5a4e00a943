#include "train/parallel/slowest_rank.h"

#include <algorithm>

namespace mdn {

SlowestRank slowest_rank(const std::vector<double>& waited, double seconds) {
    const auto least = std::min_element(waited.begin(), waited.end());
    double longer = 0;
    for (const double own : waited) longer += own - *least;
    const auto others = static_cast<double>(waited.size() - 1);
    return {least - waited.begin(), seconds > 0 ? 100 * longer / others / seconds : 0};
}

}  // namespace mdn
