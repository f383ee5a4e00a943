#include "train/host_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "engine/control_groups.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// The number behind a key, of lines like "MemAvailable:  123 kB" or "inactive_file 123".
std::optional<int64_t> value_in(const fs::path& file, const std::string& key) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        std::string word;
        int64_t number = 0;
        if (words >> word >> number && word == key) return number;
    }
    return std::nullopt;
}

/// What one version of control groups calls its files.
struct GroupFiles {
    const char* limit;
    const char* usage;
    const char* reclaimable;  // key of memory.stat: cached files, which make room when asked to
};
constexpr GroupFiles version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                  "total_inactive_file"};
constexpr GroupFiles version_2 = {"memory.max", "memory.current", "inactive_file"};

/// What a group leaves; nothing where it sets no limit.
std::optional<int64_t> left_in(const ControlGroup& group) {
    const GroupFiles& files = group.version == 2 ? version_2 : version_1;
    const auto limit = number_in(group.folder / files.limit);
    const auto usage = number_in(group.folder / files.usage);
    if (!limit || !usage) return std::nullopt;
    const int64_t cached = value_in(group.folder / "memory.stat", files.reclaimable).value_or(0);
    return std::max<int64_t>(*limit - std::max<int64_t>(*usage - cached, 0), 0);
}

}  // namespace

int64_t available_host_memory(const fs::path& root) {
    const auto kibibytes = value_in(root / "proc/meminfo", "MemAvailable:");
    if (!kibibytes) return 0;
    int64_t available = *kibibytes * 1024;
    for_each_control_group("memory", root, [&](const ControlGroup& group) {
        if (const auto left = left_in(group)) available = std::min(available, *left);
    });
    return available;
}

}  // namespace mdn
