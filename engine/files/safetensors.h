// The safetensors container: named tensors and string metadata in one file.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/tensor.h"

namespace mdn {

struct SafetensorsFile {
    std::vector<std::pair<std::string, Tensor>> tensors;  // in the order of their data
    std::map<std::string, std::string> metadata;

    /// Undefined Tensor if there is none of that name.
    Tensor find(const std::string& name) const;
    /// Throws Error naming the missing tensor.
    Tensor at(const std::string& name) const;
    std::string path;  // for messages
};

/// Reads F32, F64, I64 and U8 tensors; F16 and BF16 become f32. Throws Error naming the file, and
/// the tensor where one is at fault, for everything the format forbids: short file, header past
/// the end or over 100,000,000 bytes, bad UTF-8 or JSON, duplicate keys, offsets with gaps,
/// overlaps, reversals or overflow, sizes that disagree, bytes left over.
SafetensorsFile read_safetensors(const std::string& path);
/// The same of a file's bytes; `name` stands for its path.
SafetensorsFile parse_safetensors(std::span<const uint8_t> bytes, const std::string& name);
/// Writes to a temporary file beside `path`, syncs it and renames it over: a crash leaves either
/// the old file or the new one. Throws Error if any of it fails.
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace mdn
