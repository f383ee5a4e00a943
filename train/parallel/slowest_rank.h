// Which of several ranks keeps the others waiting, for whoever looks for a slow machine.
#pragma once

#include <cstdint>
#include <vector>

namespace mdn {

struct SlowestRank {
    int64_t rank = 0;
    double percent = 0;  // of their time that the others wait for it, on average
};

/// Of at least two ranks that have trained together for so many `seconds`, in which rank r waited
/// waited[r] of them. The slowest is the one that waits least. What it waits itself, it waits for
/// the network, as all do.
SlowestRank slowest_rank(const std::vector<double>& waited, double seconds);

}  // namespace mdn
