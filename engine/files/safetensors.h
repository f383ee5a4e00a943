// The safetensors container: named tensors and string metadata in one file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/files/byte_source.h"
#include "engine/files/safetensors_checksums.h"
#include "engine/files/safetensors_header.h"
#include "engine/tensor.h"

namespace mdn {

/// What is done with the checksums of a file that has any.
enum class Checksums {
    compared,
    ignored,  // for a file whose tensors another program changed on purpose
};

/// A file whose numbers are read one tensor at a time.
class SafetensorsReader {
  public:
    /// Reads the header. Throws Error naming the file, and the tensor where one is at fault, for
    /// everything the format forbids: short file, header past the end or over 100,000,000 bytes,
    /// bad UTF-8 or JSON, duplicate keys, offsets with gaps, overlaps, reversals or overflow, sizes
    /// that disagree, bytes left over. And where its checksums are compared, for metadata that has
    /// another one, and for tensors that only the file or only the list of checksums has.
    explicit SafetensorsReader(std::shared_ptr<const ByteSource> source,
                               Checksums checksums = Checksums::compared);

    /// In the order of their data.
    const std::vector<SafetensorsEntry>& entries() const { return header_.entries; }
    /// Without the checksums.
    const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
    const std::string& path() const { return source_->name(); }
    /// One of entries(): F32, F64, I64 and U8 as they are, F16 and BF16 as f32. Throws Error naming
    /// the tensor and its dtype for another one, and a tensor that has another checksum.
    Tensor read(const SafetensorsEntry& entry) const;
    /// Throws Error for a tensor that has another checksum, as read() does, but keeps no numbers.
    void check(const SafetensorsEntry& entry) const;

  private:
    void check_names() const;
    void read_bytes(const SafetensorsEntry& entry, void* to) const;

    std::shared_ptr<const ByteSource> source_;
    SafetensorsHeader header_;
    std::optional<TensorChecksums> checksums_;
    int64_t data_start_ = 0;
};

struct SafetensorsFile {
    std::vector<std::pair<std::string, Tensor>> tensors;  // in the order of their data
    std::map<std::string, std::string> metadata;
    std::map<std::string, std::string> unread;  // names and dtypes of those of other dtypes
    std::vector<std::string> left_out;          // names of those that were not asked for

    /// Undefined Tensor if there is none of that name.
    Tensor find(const std::string& name) const;
    /// Throws Error naming the tensor that is missing or has a dtype that is not read.
    Tensor at(const std::string& name) const;
    std::string path;  // for messages
};

/// Every tensor whose dtype SafetensorsReader reads and whose name `wanted` accepts (all without
/// it); of the others, the checksums are compared. Throws what the constructor, read() and check()
/// of SafetensorsReader throw; of several tensors at fault, for the first.
SafetensorsFile read_safetensors(const std::string& path,
                                 const std::function<bool(const std::string&)>& wanted = {});
/// The same of a file's bytes; `name` stands for its path.
SafetensorsFile parse_safetensors(std::span<const uint8_t> bytes, const std::string& name);
/// Writes to a temporary file beside `path`, syncs it and renames it over: a crash leaves either
/// the old file or the new one. Adds the checksums of all of it to the metadata. Throws Error if
/// any of it fails.
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace mdn
