// The control groups that this process is in: how Linux limits what a container may take.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace mdn {

/// One group of this process.
struct ControlGroup {
    std::filesystem::path folder;  // of the files that hold its limits
    int version;                   // 1 or 2: the files have other names
};

/// Calls `body` for each group whose controller ("memory", "cpu") limits this process: its own and
/// all that it lies in. Nothing where the system has no control groups. `root` stands for /.
void for_each_control_group(const std::string& controller, const std::filesystem::path& root,
                            const std::function<void(const ControlGroup&)>& body);

/// The number that a file begins with; nothing where it begins with a word ("max") or is missing.
std::optional<int64_t> number_in(const std::filesystem::path& file);

}  // namespace mdn
