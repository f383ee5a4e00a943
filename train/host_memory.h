// How much memory the machine still has for this process.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mdn {

/// Bytes that can be taken without swapping: the kernel's MemAvailable, or less where a control
/// group (a container) leaves less. 0 where the system does not say. `root` stands for /.
int64_t available_host_memory(const std::filesystem::path& root = "/");

}  // namespace mdn
