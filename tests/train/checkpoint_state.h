// What a run has decided, as one text: to tell whether two runs ended with the same bits.
#pragma once

#include <string>

#include "engine/files/safetensors.h"

namespace mdn::test {

/// Every tensor and every entry of a checkpoint's metadata but how long the log's lines are: times
/// in it differ.
inline std::string state_of(const std::string& path) {
    const SafetensorsFile file = read_safetensors(path);
    std::string state;
    for (const auto& [name, tensor] : file.tensors) {
        state.append(name).append(to_string(tensor.shape()));
        state.append(static_cast<const char*>(tensor.raw()), static_cast<size_t>(tensor.bytes()));
    }
    for (const auto& [key, value] : file.metadata)
        if (key != "position.log_bytes") state.append(key).append("=").append(value).append("\n");
    return state;
}

}  // namespace mdn::test
