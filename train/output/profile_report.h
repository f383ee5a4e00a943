// The table of `bench --profile`.
#pragma once

#include <string>
#include <vector>

#include "engine/profile.h"

namespace mdn {

/// What the machine does at its best.
struct MachinePeaks {
    double gemm_gflops = 0;  // a large matrix product
    double copy_gbps = 0;    // a large copy, bytes read and written
};

/// One line a family for one of `runs` runs: calls, launches, milliseconds, share of the time,
/// share of its time in matrix products, bytes and operations a second and what part of the peaks
/// they are; then the sum of all.
std::string profile_report(const std::vector<KernelFamily>& families, int64_t runs,
                           const MachinePeaks& peaks);

}  // namespace mdn
