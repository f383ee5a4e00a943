// Writes zip archives with stored (uncompressed) entries, the form in which challenges take files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdn {

struct ZipEntry {
    std::string name;  // UTF-8, slashes between folders
    std::string bytes;
};

/// The archive as it goes into a file. Every entry is dated 1980-01-01, the earliest that zip
/// knows, so that the same entries always give the same bytes. Throws Error for more than the
/// format holds without its 64-bit extension: 65,535 entries, names of 65,535 bytes, 4 GiB in all.
std::string zip_archive(const std::vector<ZipEntry>& entries);

}  // namespace mdn
