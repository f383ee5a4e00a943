#include "train/parallel/share_processors.h"

#include <sched.h>

#include <algorithm>

namespace mdn {

std::string own_processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::string text;
    for (int processor = 0; processor < CPU_SETSIZE; ++processor)
        text += CPU_ISSET(processor, &allowed) ? '1' : '0';
    return text.substr(0, text.rfind('1') + 1);
}

int64_t threads_for_rank(const AllowedProcessors& allowed, size_t own, int64_t granted) {
    const auto ranks = std::ssize(allowed);
    const auto may_use = [](const std::string& processors, size_t p) {
        return p < processors.size() && processors[p] == '1';
    };
    double share = 1e-9;  // of what is a whole number but for rounding, none is lost
    int64_t count = 0;
    for (size_t p = 0; p < allowed[own].size(); ++p) {
        if (!may_use(allowed[own], p)) continue;
        ++count;
        share += 1.0 / static_cast<double>(
                           std::count_if(allowed.begin(), allowed.end(),
                                         [&](const auto& rank) { return may_use(rank, p); }));
    }
    auto threads = static_cast<int64_t>(share);
    if (granted < count) threads = std::min(threads, granted / ranks);
    return std::max<int64_t>(1, threads);
}

int64_t processors_of(const AllowedProcessors& allowed) {
    std::string any;
    for (const std::string& own : allowed) {
        any.resize(std::max(any.size(), own.size()), '0');
        for (size_t p = 0; p < own.size(); ++p)
            if (own[p] == '1') any[p] = '1';
    }
    return std::count(any.begin(), any.end(), '1');
}

}  // namespace mdn
