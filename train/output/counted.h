// Numbers of things in sentences.
#pragma once

#include <cstdint>
#include <string>

namespace mdn {

/// "1 clip", "2 clips".
inline std::string counted(int64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace mdn
