#include "data/images/png_chunks.h"

#include <string>

#include "engine/files/crc32.h"

namespace mdn {

namespace {

/// libpng's bound on what a chunk may hold.
constexpr std::uint64_t most_bytes = 8'000'000;
/// An encoder that writes 4 KiB a chunk needs no more for the largest file that is read.
constexpr int most_chunks = 1 << 16;

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = 256 * value + static_cast<unsigned char>(bytes[i]);
    return value;
}

/// `read(at, count)` gives bytes that are there: of a file of `size` bytes.
template <class Read>
Orientation find_orientation(std::uint64_t size, Read read) {
    std::uint64_t at = 8;  // behind the signature
    for (int i = 0; i < most_chunks && at + 12 <= size; ++i) {
        const std::string head(read(at, 8));
        const std::uint64_t length = big_endian(head);
        const std::string_view type = std::string_view(head).substr(4);
        if (type == "IEND" || length > size - at - 12) break;
        if (type == "eXIf" && length <= most_bytes) {
            const std::string chunk(read(at + 4, length + 8));  // type, data, checksum
            const std::string_view exif = std::string_view(chunk).substr(4, length);
            const bool is_exif = exif.starts_with(std::string_view("II*\0", 4)) ||
                                 exif.starts_with(std::string_view("MM\0*", 4));
            const std::string_view whole = std::string_view(chunk).substr(0, length + 4);
            if (is_exif && crc32(whole) == big_endian(std::string_view(chunk).substr(length + 4)))
                return exif_orientation(exif);
        }
        at += 12 + length;
    }
    return 0;
}

}  // namespace

Orientation png_orientation(std::string_view bytes) {
    return find_orientation(bytes.size(), [&](std::uint64_t at, std::uint64_t count) {
        return bytes.substr(at, count);
    });
}

Orientation png_orientation(std::istream& in) {
    in.clear();
    in.seekg(0, std::ios::end);
    const std::streamoff size = in.tellg();
    if (size < 0) return 0;
    std::string bytes;
    return find_orientation(static_cast<std::uint64_t>(size),
                            [&](std::uint64_t at, std::uint64_t count) -> std::string_view {
                                bytes.assign(count, '\0');
                                in.seekg(static_cast<std::streamoff>(at));
                                in.read(bytes.data(), static_cast<std::streamsize>(count));
                                return bytes;
                            });
}

}  // namespace mdn
