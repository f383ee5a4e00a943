// The tables of `bench --profile`.
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

/// A module with all that stands in it.
struct ModuleRow {
    std::string module;  // "st.spatial"; empty for work outside of all modules
    int64_t depth = 0;   // parts of the path before the last: 0 for "st"
    int64_t calls = 0;
    double forward_seconds = 0, backward_seconds = 0;
    double operations = 0;
};

/// The modules down to two parts of their paths, each followed by those that stand in it, in the
/// order in which they were under way first.
std::vector<ModuleRow> module_rows(const std::vector<ModuleWork>& modules);

/// For one of `runs` runs, a line per family: calls, launches, milliseconds, share of the time,
/// share of its time in matrix products, bytes and operations per second and what part of the peaks
/// they are; then the sum of all. Then a line per module: share of the time, milliseconds forward
/// and backward, calls, operations per second. An outer module's line counts those in it too.
std::string profile_report(const KernelProfile& profile, int64_t runs, const MachinePeaks& peaks);

}  // namespace mdn
