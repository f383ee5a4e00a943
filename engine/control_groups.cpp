#include "engine/control_groups.h"

#include <fstream>

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// A group and those that it lies in, from the innermost to the mount.
void walk(const fs::path& mount, const fs::path& own, int version,
          const std::function<void(const ControlGroup&)>& body) {
    for (fs::path group = own.relative_path();; group = group.parent_path()) {
        body({mount / group, version});
        if (group.empty()) return;
    }
}

}  // namespace

void for_each_control_group(const std::string& controller, const fs::path& root,
                            const std::function<void(const ControlGroup&)>& body) {
    // Lines are "ID:CONTROLLERS:PATH"; version 2 has ID 0 and names no controllers.
    std::ifstream groups(root / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const size_t first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::string controllers = ",";
        controllers.append(line, first + 1, second - first - 1).append(",");
        std::string wanted = ",";
        wanted.append(controller).append(",");
        const fs::path group = line.substr(second + 1);
        if (controllers == ",,")
            walk(root / "sys/fs/cgroup", group, 2, body);
        else if (controllers.find(wanted) != std::string::npos)
            walk(root / "sys/fs/cgroup" / controller, group, 1, body);
    }
}

std::optional<int64_t> number_in(const fs::path& file) {
    std::ifstream stream(file);
    int64_t number = 0;
    if (stream >> number) return number;
    return std::nullopt;
}

}  // namespace mdn
