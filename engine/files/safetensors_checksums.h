// The checksums that a safetensors file holds of its own content, so that damage is noticed.
//
// The format has no place for them. This program puts them into the metadata, which is the file's
// own to use: under one key, a JSON object that gives each tensor's CRC-32, and that of the rest of
// the metadata. Files of other programs have no such key, and nothing is compared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mdn {

/// The metadata's key. Its value is {"tensor": crc, …, "__metadata__": crc} with numbers from 0 to
/// 2³² − 1. A tensor's is that of its bytes in the file; the metadata's that of key, NUL, value,
/// NUL of each other key, in the order of the keys' bytes.
inline constexpr const char* metadata_checksums = "tensor_crc32";

using TensorChecksums = std::map<std::string, uint32_t>;

/// What stands under the key for these tensors and this metadata, which must not have it yet.
std::string checksums_text(TensorChecksums tensors,
                           const std::map<std::string, std::string>& metadata);

/// Takes the key out of a file's metadata and returns the checksums of its tensors; nothing where
/// there is none. Throws Error naming `source`, the file, if the value is not such an object or the
/// rest of the metadata has another checksum.
std::optional<TensorChecksums> take_checksums(std::map<std::string, std::string>& metadata,
                                              const std::string& source);

/// Throws Error: in the file `source`, `what` is not as it was written.
[[noreturn]] void fail_damaged(const std::string& source, const std::string& what);
/// The same of something whose checksum differs.
[[noreturn]] void fail_checksum(const std::string& source, const std::string& what, uint32_t found,
                                uint32_t stored);

}  // namespace mdn
