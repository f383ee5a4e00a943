#include "data/zip_writer.h"

#include "engine/error.h"
#include "engine/files/crc32.h"

namespace mdn {

namespace {

/// Numbers in a zip file are little-endian.
void put(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

constexpr std::uint16_t version = 10;             // 1.0: stored entries
constexpr std::uint16_t utf8_name = 1 << 11;      // general purpose flag
constexpr std::uint16_t first_date = 1 | 1 << 5;  // day 1, month 1, year 1980 + 0

/// What a local header and the central directory say alike, from the version on.
void put_common(std::string& out, const ZipEntry& entry) {
    put(out, version, 2);
    put(out, utf8_name, 2);
    put(out, 0, 2);  // stored
    put(out, 0, 2);  // time
    put(out, first_date, 2);
    put(out, crc32(entry.bytes), 4);
    put(out, entry.bytes.size(), 4);  // compressed
    put(out, entry.bytes.size(), 4);
    put(out, entry.name.size(), 2);
    put(out, 0, 2);  // extra field
}

}  // namespace

std::string zip_archive(const std::vector<ZipEntry>& entries) {
    std::uint64_t size = 22;
    for (const ZipEntry& entry : entries) {
        if (entry.name.size() > 0xFFFF) throw Error("a name is too long for a zip archive");
        size += 30 + 46 + 2 * entry.name.size() + entry.bytes.size();
    }
    if (entries.size() > 0xFFFF || size > 0xFFFFFFFF)
        throw Error("too much for a zip archive: " + std::to_string(entries.size()) + " entries, " +
                    std::to_string(size) + " bytes");
    std::string archive, directory;
    archive.reserve(size);
    for (const ZipEntry& entry : entries) {
        directory += "PK\1\2";
        put(directory, 3 << 8 | version, 2);  // made on Unix, for its permissions below
        put_common(directory, entry);
        put(directory, 0, 2);  // comment
        put(directory, 0, 2);  // disk
        put(directory, 0, 2);  // internal attributes
        put(directory, std::uint64_t{0100644} << 16, 4);
        put(directory, archive.size(), 4);
        directory += entry.name;

        archive += "PK\3\4";
        put_common(archive, entry);
        archive.append(entry.name).append(entry.bytes);
    }
    const std::uint64_t directory_at = archive.size();
    archive.append(directory).append("PK\5\6");
    put(archive, 0, 4);  // disks
    put(archive, entries.size(), 2);
    put(archive, entries.size(), 2);
    put(archive, directory.size(), 4);
    put(archive, directory_at, 4);
    put(archive, 0, 2);  // comment
    return archive;
}

}  // namespace mdn
