#include "train/output/profile_report.h"

#include "train/output/format.h"

namespace mdn {

namespace {

std::string percent(double part, double whole) {
    return whole > 0 && part > 0 ? format("%.0f %%", 100 * part / whole) : "";
}

/// `amount` in billions a second, and the part of `peak` that is.
std::string rate(double amount, double seconds, double peak) {
    if (amount <= 0 || seconds <= 0) return format("%9s%7s", "", "");
    const double giga = amount / seconds * 1e-9;
    return format("%9.1f%7s", giga, percent(giga, peak).c_str());
}

std::string line(const KernelFamily& family, double runs, double all_seconds,
                 const MachinePeaks& peaks) {
    const auto n = [&](int64_t count) { return static_cast<double>(count) / runs; };
    return format("%-29s%7.0f%10.0f%10.3f%7s%10s", family.name.c_str(), n(family.calls),
                  n(family.launches), 1e3 * family.seconds / runs,
                  percent(family.seconds, all_seconds).c_str(),
                  percent(family.product_seconds, family.seconds).c_str()) +
           rate(family.bytes, family.seconds, peaks.copy_gbps) +
           rate(family.operations, family.seconds, peaks.gemm_gflops) + "\n";
}

}  // namespace

std::string profile_report(const std::vector<KernelFamily>& families, int64_t runs,
                           const MachinePeaks& peaks) {
    KernelFamily all{.name = "all"};
    for (const KernelFamily& family : families) {
        all.calls += family.calls;
        all.launches += family.launches;
        all.seconds += family.seconds;
        all.product_seconds += family.product_seconds;
        all.bytes += family.bytes;
        all.operations += family.operations;
    }
    std::string text =
        format("%-29s%7s%10s%10s%7s%10s%9s%7s%9s%7s\n", "one run, by kernel family", "calls",
               "launches", "ms", "share", "products", "GB/s", "peak", "GFLOP/s", "peak");
    const auto count = static_cast<double>(runs);
    for (const KernelFamily& family : families) text += line(family, count, all.seconds, peaks);
    text += line(all, count, all.seconds, peaks);
    text += format(
        "Peaks: %.1f GB/s in a large copy, %.1f GFLOP/s in a large matrix product. GB/s counts "
        "every "
        "tensor\nof a call once. products: the share of the time that is spent in cuBLAS.\n",
        peaks.copy_gbps, peaks.gemm_gflops);
    return text;
}

}  // namespace mdn
