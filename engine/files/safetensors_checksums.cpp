#include "engine/files/safetensors_checksums.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/files/crc32.h"
#include "engine/files/safetensors_header.h"

namespace mdn {

namespace {

using Json = nlohmann::json;

uint32_t checksum_of(const std::map<std::string, std::string>& metadata) {
    const std::string_view end("\0", 1);
    uint32_t crc = 0;
    for (const auto& [key, value] : metadata)
        for (const std::string_view part :
             {std::string_view(key), end, std::string_view(value), end})
            crc = crc32(part, crc);
    return crc;
}

/// Takes the one object of names and numbers, without a tree of the JSON. Stops at anything else.
class ChecksumReader final : public nlohmann::json_sax<Json> {
  public:
    TensorChecksums checksums;

    bool number_unsigned(number_unsigned_t value) override {
        return inside_ && value <= std::numeric_limits<uint32_t>::max() &&
               checksums.emplace(key_, static_cast<uint32_t>(value)).second;
    }
    bool key(string_t& name) override {
        key_ = std::move(name);
        return true;
    }
    bool start_object(size_t) override { return !std::exchange(inside_, true); }
    bool end_object() override { return true; }

    bool null() override { return false; }
    bool boolean(bool) override { return false; }
    bool number_integer(number_integer_t) override { return false; }
    bool number_float(number_float_t, const string_t&) override { return false; }
    bool string(string_t&) override { return false; }
    bool binary(binary_t&) override { return false; }
    bool start_array(size_t) override { return false; }
    bool end_array() override { return false; }
    bool parse_error(size_t, const std::string&, const Json::exception&) override { return false; }

  private:
    std::string key_;
    bool inside_ = false;
};

std::string hexadecimal(uint32_t crc) {
    char text[9];
    std::snprintf(text, sizeof text, "%08x", crc);
    return text;
}

}  // namespace

std::string checksums_text(TensorChecksums tensors,
                           const std::map<std::string, std::string>& metadata) {
    tensors[metadata_key] = checksum_of(metadata);
    return Json(tensors).dump();
}

std::optional<TensorChecksums> take_checksums(std::map<std::string, std::string>& metadata,
                                              const std::string& source) {
    const auto node = metadata.extract(metadata_checksums);
    if (node.empty()) return std::nullopt;
    ChecksumReader reader;
    const bool is_whole = Json::sax_parse(node.mapped(), &reader);
    const auto of_metadata = reader.checksums.extract(metadata_key);
    if (!is_whole || of_metadata.empty())
        fail_damaged(source, "its list of checksums (metadata '" + std::string(metadata_checksums) +
                                 "') is not whole");
    if (const uint32_t found = checksum_of(metadata); found != of_metadata.mapped())
        fail_checksum(source, "its metadata", found, of_metadata.mapped());
    return std::move(reader.checksums);
}

void fail_damaged(const std::string& source, const std::string& what) {
    throw Error(source + " is damaged: " + what,
                "get the file again, or take an older one; if a program changed it on purpose, "
                "microdualnet import --ignore-checksums makes a file with new checksums of it");
}

void fail_checksum(const std::string& source, const std::string& what, uint32_t found,
                   uint32_t stored) {
    fail_damaged(source, what + " is not what was written: its CRC-32 is " + hexadecimal(found) +
                             ", not " + hexadecimal(stored));
}

}  // namespace mdn
