#include "train/output/profile_report.h"

#include <algorithm>

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

std::string families_report(const std::vector<KernelFamily>& families, int64_t runs,
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

std::string modules_report(const KernelProfile& profile, int64_t runs, const MachinePeaks& peaks) {
    double all_seconds = 0, between = 0;
    for (const KernelFamily& family : profile.families) {
        all_seconds += family.seconds;
        if (family.name == between_calls) between += family.seconds;
    }
    const auto count = static_cast<double>(runs);
    const auto row = [&](const std::string& name, double seconds, const std::string& times,
                         const std::string& rest) {
        return format("%-29s%6.0f %%", name.c_str(),
                      all_seconds > 0 ? 100 * seconds / all_seconds : 0.0) +
               times + rest + "\n";
    };
    std::string text = format("%-29s%8s%12s%13s%8s%9s%7s\n", "one run, by module", "share",
                              "forward ms", "backward ms", "calls", "GFLOP/s", "peak");
    for (const ModuleRow& module : module_rows(profile.modules)) {
        const std::string name = module.module.empty()
                                     ? "outside of modules"
                                     : std::string(static_cast<size_t>(2 * module.depth), ' ') +
                                           module.module.substr(module.module.rfind('.') + 1);
        const double seconds = module.forward_seconds + module.backward_seconds;
        text += row(name, seconds,
                    format("%12.3f%13.3f", 1e3 * module.forward_seconds / count,
                           1e3 * module.backward_seconds / count),
                    format("%8.0f", static_cast<double>(module.calls) / count) +
                        rate(module.operations, seconds, peaks.gemm_gflops));
    }
    return text + row(between_calls, between, format("%12.3f", 1e3 * between / count), "");
}

}  // namespace

std::vector<ModuleRow> module_rows(const std::vector<ModuleWork>& modules) {
    std::vector<ModuleRow> rows;
    const auto row_of = [&](const std::string& module) -> ModuleRow& {
        const auto found = std::find_if(rows.begin(), rows.end(),
                                        [&](const ModuleRow& row) { return row.module == module; });
        if (found != rows.end()) return *found;
        // Behind the last row of the module that it stands in.
        const size_t dot = module.find('.');
        ModuleRow row{.module = module, .depth = dot == std::string::npos ? 0 : 1};
        auto place = rows.end();
        if (row.depth == 1)
            for (place = rows.begin(); place->module != module.substr(0, dot);) ++place;
        if (row.depth == 1)
            for (++place; place != rows.end() && place->depth == 1;) ++place;
        return *rows.insert(place, row);
    };
    for (const ModuleWork& work : modules) {
        const std::string path = work.module;
        const size_t dot = path.find('.');
        const auto add = [&](const std::string& module) {
            ModuleRow& row = row_of(module);
            row.calls += work.calls;
            row.operations += work.operations;
            (work.pass == Pass::forward ? row.forward_seconds : row.backward_seconds) +=
                work.seconds;
        };
        add(path.substr(0, dot));
        if (dot != std::string::npos) add(path.substr(0, path.find('.', dot + 1)));
    }
    return rows;
}

std::string profile_report(const KernelProfile& profile, int64_t runs, const MachinePeaks& peaks) {
    return families_report(profile.families, runs, peaks) + "\n" +
           modules_report(profile, runs, peaks);
}

}  // namespace mdn
