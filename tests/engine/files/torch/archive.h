// Builds PyTorch files byte by byte, so that tests can spoil one of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace mdn::test {

using namespace std::string_literals;

template <class T>
std::string little_endian(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

/// An archive of stored entries. Every field that a test may want to be a lie can be set.
struct Zip {
    struct Entry {
        std::string name, bytes;
        uint16_t method = 0, flags = 0;
        int64_t claimed_size = -1, claimed_begin = -1;  // -1: the truth
        uint32_t crc = 0;                               // 0: none was computed
    };
    std::vector<Entry> entries;
    int64_t claimed_count = -1, claimed_directory = -1;
    bool zip64 = false;
    std::string comment;

    std::string bytes() const {
        std::string file, directory;
        for (const Entry& entry : entries) {
            const int64_t begin =
                entry.claimed_begin >= 0 ? entry.claimed_begin : static_cast<int64_t>(file.size());
            const int64_t size = entry.claimed_size >= 0 ? entry.claimed_size
                                                         : static_cast<int64_t>(entry.bytes.size());
            const std::string extra = "\x46\x42"s + little_endian<uint16_t>(6) + "ZZZZZZ";
            // As PyTorch writes it: no sizes, and padding that aligns the bytes.
            file += "PK\x03\x04"s + std::string(22, '\0') +
                    little_endian(static_cast<uint16_t>(entry.name.size())) +
                    little_endian(static_cast<uint16_t>(extra.size())) + entry.name + extra +
                    entry.bytes;
            const std::string large = little_endian<uint16_t>(1) + little_endian<uint16_t>(24) +
                                      little_endian(size) + little_endian(size) +
                                      little_endian(begin);
            const auto narrow = [&](int64_t value) {
                return little_endian(zip64 ? 0xffffffffu : static_cast<uint32_t>(value));
            };
            directory += std::string("PK\x01\x02") + std::string(4, '\0') +
                         little_endian(entry.flags) + little_endian(entry.method) +
                         std::string(4, '\0') + little_endian(entry.crc) + narrow(size) +
                         narrow(size) + little_endian(static_cast<uint16_t>(entry.name.size())) +
                         little_endian(static_cast<uint16_t>(zip64 ? large.size() : 0)) +
                         std::string(10, '\0') + narrow(begin) + entry.name + (zip64 ? large : "");
        }
        const int64_t count =
            claimed_count >= 0 ? claimed_count : static_cast<int64_t>(entries.size());
        const int64_t begin =
            claimed_directory >= 0 ? claimed_directory : static_cast<int64_t>(file.size());
        const auto size = static_cast<int64_t>(directory.size());
        const auto end = static_cast<int64_t>(file.size() + directory.size());
        file += directory;
        if (zip64)
            file += "PK\x06\x06"s + little_endian<uint64_t>(44) + std::string(12, '\0') +
                    little_endian(count) + little_endian(count) + little_endian(size) +
                    little_endian(begin) + "PK\x06\x07"s + std::string(4, '\0') +
                    little_endian(end) + little_endian<uint32_t>(1);
        return file + "PK\x05\x06"s + std::string(4, '\0') +
               little_endian(static_cast<uint16_t>(zip64 ? 0xffff : count)) +
               little_endian(static_cast<uint16_t>(zip64 ? 0xffff : count)) +
               little_endian(static_cast<uint32_t>(zip64 ? 0xffffffff : size)) +
               little_endian(static_cast<uint32_t>(zip64 ? 0xffffffff : begin)) +
               little_endian(static_cast<uint16_t>(comment.size())) + comment;
    }
};

// ---- Pieces of pickles.

inline std::string pickled(const std::string& text) {
    return "X"s + little_endian(static_cast<uint32_t>(text.size())) + text;
}
inline std::string pickled(int64_t value) { return "\x8a\x08"s + little_endian(value); }
inline std::string pickled(const std::vector<int64_t>& values) {
    std::string text = "(";
    for (int64_t value : values) text += pickled(value);
    return text + "t";
}
inline std::string global(const std::string& module, const std::string& name) {
    return "c"s + module + "\n"s + name + "\n";
}
inline std::string storage(int64_t numel, const std::string& type = "FloatStorage",
                           const std::string& key = "0") {
    return "("s + pickled(std::string("storage")) + global("torch", type) + pickled(key) +
           pickled(std::string("cpu")) + pickled(numel) + "tQ";
}
/// A tensor on storage '0'.
inline std::string tensor(int64_t numel, int64_t offset, const std::vector<int64_t>& shape,
                          const std::vector<int64_t>& strides,
                          const std::string& type = "FloatStorage",
                          const std::string& metadata = "") {
    return global("torch._utils", "_rebuild_tensor_v2") + "("s + storage(numel, type) +
           pickled(offset) + pickled(shape) + pickled(strides) + "\x89"s +
           global("collections", "OrderedDict") + ")R"s + metadata + "tR";
}
/// {name: value}
inline std::string dict(const std::string& name, const std::string& value) {
    return "}"s + pickled(name) + value + "s";
}
inline std::string pickle(const std::string& value) { return "\x80\x02"s + value + "."; }

/// A whole file with the pickle of `value` and one storage of these bytes.
inline Zip torch_zip(const std::string& value, const std::string& storage_bytes) {
    Zip zip;
    zip.entries = {{"archive/data.pkl", pickle(value)},
                   {"archive/byteorder", "little"},
                   {"archive/data/0", storage_bytes},
                   {"archive/version", "3\n"}};
    return zip;
}

}  // namespace mdn::test
