#include "train/host_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// The one number that a file holds; nothing for "max" or no such file.
std::optional<int64_t> number_in(const fs::path& file) {
    std::ifstream stream(file);
    int64_t number = 0;
    if (stream >> number) return number;
    return std::nullopt;
}

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

/// What a group and those that it lies in leave.
std::optional<int64_t> left_in_groups(const fs::path& mount, fs::path group,
                                      const GroupFiles& files) {
    std::optional<int64_t> least;
    for (group = group.relative_path();; group = group.parent_path()) {
        const fs::path folder = mount / group;
        const auto limit = number_in(folder / files.limit), usage = number_in(folder / files.usage);
        if (limit && usage) {
            const int64_t cached = value_in(folder / "memory.stat", files.reclaimable).value_or(0);
            const int64_t left =
                std::max<int64_t>(*limit - std::max<int64_t>(*usage - cached, 0), 0);
            least = std::min(least.value_or(left), left);
        }
        if (group.empty()) return least;
    }
}

}  // namespace

int64_t available_host_memory(const fs::path& root) {
    const auto kibibytes = value_in(root / "proc/meminfo", "MemAvailable:");
    if (!kibibytes) return 0;
    int64_t available = *kibibytes * 1024;
    // Lines are "ID:CONTROLLERS:PATH"; version 2 has ID 0 and names no controllers.
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const size_t first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::string controllers = ",";
        controllers.append(line, first + 1, second - first - 1).append(",");
        const fs::path group = line.substr(second + 1);
        std::optional<int64_t> left;
        if (controllers == ",,")
            left = left_in_groups(root / "sys/fs/cgroup", group, version_2);
        else if (controllers.find(",memory,") != std::string::npos)
            left = left_in_groups(root / "sys/fs/cgroup/memory", group, version_1);
        if (left) available = std::min(available, *left);
    }
    return available;
}

}  // namespace mdn
