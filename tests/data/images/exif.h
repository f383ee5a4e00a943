// EXIF data, and where it stands in JPEG and PNG files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mdn::test {

struct ExifEntry {
    int tag, type;
    std::uint32_t count;
    std::string value;  // as it stands in the entry, of 4 bytes
};

struct Exif {
    bool little = true;
    std::vector<ExifEntry> entries = {};
    std::vector<ExifEntry> thumbnail = {};  // IFD1
    std::uint32_t offset = 8;               // of IFD0
    int magic = 42;

    std::string number(std::uint32_t value, int bytes) const;
    /// An orientation of EXIF's type for it, a short number.
    ExifEntry orientation(int value) const;
    /// A text (type 2) of so many bytes, somewhere else in the data.
    ExifEntry text(int tag, std::uint32_t length, std::uint32_t at) const;

    std::string bytes() const;
    /// A JPEG segment of them.
    std::string segment() const;
};

std::string jpeg_segment(int marker, const std::string& data);
/// A JPEG with something behind its start marker.
std::string with_segment(const std::string& jpeg, const std::string& segment);
/// With a right checksum.
std::string png_chunk(const std::string& type, const std::string& data);
/// A PNG with something in front of the first chunk of a type.
std::string with_chunk(const std::string& png, const std::string& before, const std::string& chunk);

}  // namespace mdn::test
