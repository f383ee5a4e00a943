// The entries of a zip archive, stored uncompressed as PyTorch writes those of a checkpoint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/files/byte_source.h"

namespace mdn {

struct StoredEntry {
    std::string name;
    int64_t begin, size;      // of its bytes, in the source
    uint32_t crc = 0;         // CRC-32 of them, as the directory says; 0 where none was computed
    bool compressed = false;  // its bytes are not what is stored
};

/// Reads the central directory (ZIP64 too), which alone is binding: the local headers that PyTorch
/// writes hold no sizes. Throws Error naming the source, and the entry where one is at fault, for
/// encrypted entries, entries outside the file, entries that overlap (a small file could claim to
/// hold much that way), two of one name, and archives in several parts.
class ZipReader {
  public:
    explicit ZipReader(const ByteSource& source);

    const std::vector<StoredEntry>& entries() const { return entries_; }
    /// Null if there is none of that name.
    const StoredEntry* find(const std::string& name) const;

  private:
    std::vector<StoredEntry> entries_;  // by name
};

/// Whether the source begins as a zip archive does.
bool is_zip(const ByteSource& source);

}  // namespace mdn
