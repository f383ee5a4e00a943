#include "tests/data/images/exif.h"

#include <doctest/doctest.h>

#include "engine/files/crc32.h"

namespace mdn::test {

std::string Exif::number(std::uint32_t value, int bytes) const {
    std::string text;
    for (int i = 0; i < bytes; ++i)
        text += static_cast<char>(value >> 8 * (little ? i : bytes - 1 - i));
    return text;
}

ExifEntry Exif::orientation(int value) const {
    return {0x0112, 3, 1, number(static_cast<std::uint32_t>(value), 2) + std::string(2, '\0')};
}

ExifEntry Exif::text(int tag, std::uint32_t length, std::uint32_t at) const {
    return {tag, 2, length, number(at, 4)};
}

std::string Exif::bytes() const {
    std::string out =
        (little ? "II" : "MM") + number(static_cast<std::uint32_t>(magic), 2) + number(offset, 4);
    out.resize(offset, '\7');
    const auto add = [&](const std::vector<ExifEntry>& directory, bool is_last) {
        out += number(static_cast<std::uint32_t>(directory.size()), 2);
        for (const ExifEntry& entry : directory)
            out += number(static_cast<std::uint32_t>(entry.tag), 2) +
                   number(static_cast<std::uint32_t>(entry.type), 2) + number(entry.count, 4) +
                   entry.value;
        out += number(is_last ? 0 : static_cast<std::uint32_t>(out.size()) + 4, 4);
    };
    add(entries, thumbnail.empty());
    if (!thumbnail.empty()) add(thumbnail, true);
    return out;
}

std::string Exif::segment() const {
    return jpeg_segment(0xE1, std::string("Exif\0\0", 6) + bytes());
}

std::string jpeg_segment(int marker, const std::string& data) {
    const std::size_t length = data.size() + 2;
    return std::string{'\xFF', static_cast<char>(marker), static_cast<char>(length >> 8),
                       static_cast<char>(length)} +
           data;
}

std::string with_segment(const std::string& jpeg, const std::string& segment) {
    return jpeg.substr(0, 2) + segment + jpeg.substr(2);
}

std::string png_chunk(const std::string& type, const std::string& data) {
    const Exif big{.little = false};
    return big.number(static_cast<std::uint32_t>(data.size()), 4) + type + data +
           big.number(crc32(type + data), 4);
}

std::string with_chunk(const std::string& png, const std::string& before,
                       const std::string& chunk) {
    const std::size_t at = png.find(before);
    REQUIRE(at != std::string::npos);
    return png.substr(0, at - 4) + chunk + png.substr(at - 4);
}

}  // namespace mdn::test
