#include "engine/processors.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <thread>

#include "engine/control_groups.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

int64_t allowed_processors() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        return std::max(1, CPU_COUNT(&allowed));
    return std::max(1U, std::thread::hardware_concurrency());
}

/// The time that a group grants in a period, and the period, both in microseconds; a group without
/// a limit has no time or a negative one.
struct Quota {
    int64_t time = -1, period = 0;
};
Quota quota_of(const ControlGroup& group) {
    Quota quota;
    if (group.version == 2) {  // "200000 100000" or "max 100000"
        std::ifstream file(group.folder / "cpu.max");
        if (!(file >> quota.time >> quota.period)) return {};
        return quota;
    }
    quota.time = number_in(group.folder / "cpu.cfs_quota_us").value_or(-1);
    quota.period = number_in(group.folder / "cpu.cfs_period_us").value_or(0);
    return quota;
}

}  // namespace

int64_t usable_processors(const fs::path& root) {
    int64_t count = allowed_processors();
    for_each_control_group("cpu", root, [&](const ControlGroup& group) {
        const Quota quota = quota_of(group);
        if (quota.time <= 0 || quota.period <= 0) return;
        const int64_t granted = (quota.time - 1) / quota.period + 1;  // rounded up
        count = std::min(count, granted);
    });
    return count;
}

int64_t threads_asked_for(const std::string& value) {
    constexpr int64_t most = 1024;
    const size_t start = std::min(value.find_first_not_of(" \t"), value.size());
    const char* const end = value.data() + value.size();
    int64_t count = 0;
    auto [rest, status] = std::from_chars(value.data() + start, end, count);
    while (rest != end && (*rest == ' ' || *rest == '\t')) ++rest;
    const bool whole = rest == end || *rest == ',';
    if (status != std::errc() || !whole || count < 1)
        throw Error("OMP_NUM_THREADS is \"" + value + "\": it must be a number of threads",
                    "unset OMP_NUM_THREADS, set it to a number from 1 on, or give --threads");
    return std::min(count, most);
}

}  // namespace mdn
