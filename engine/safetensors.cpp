#include "engine/safetensors.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/atomic_file.h"
#include "engine/float16.h"

namespace mdn {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr int64_t largest_header = 100'000'000;
constexpr const char* metadata_key = "__metadata__";

/// How a dtype is stored and what it is read as.
struct StoredType {
    const char* name;
    int64_t size;  // bytes of one element on disk
    DType dtype;
};

constexpr StoredType stored_types[] = {{"F32", 4, DType::f32}, {"F64", 8, DType::f64},
                                       {"I64", 8, DType::i64}, {"U8", 1, DType::u8},
                                       {"F16", 2, DType::f32}, {"BF16", 2, DType::f32}};

struct Entry {
    std::string name;
    const StoredType* type;
    Shape shape;
    int64_t begin, end;  // bytes from the start of the data
};

/// Reads one file; every message begins with its path.
class Reader {
  public:
    explicit Reader(const std::string& path) : path_(path) {
        std::error_code error;
        if (!std::filesystem::is_regular_file(path, error))
            throw Error("cannot read " + path + ": " +
                        (error ? error.message() : "it is not a regular file"));
        size_ = static_cast<int64_t>(std::filesystem::file_size(path));
        stream_.open(path, std::ios::binary);
        if (!stream_) throw Error("cannot read " + path + ": " + std::strerror(errno));
    }

    SafetensorsFile read() {
        SafetensorsFile file;
        file.path = path_;
        const Json header = read_header();
        std::vector<Entry> entries;
        for (const auto& [name, value] : header.items()) {
            if (name == metadata_key)
                file.metadata = read_metadata(value);
            else
                entries.push_back(read_entry(name, value));
        }
        check_layout(entries);
        for (const Entry& entry : entries)
            file.tensors.emplace_back(entry.name, read_tensor(entry));
        return file;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Error(path_ + ": not a valid safetensors file: " + what);
    }
    [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
        fail("tensor '" + tensor + "': " + what);
    }

    void read_bytes(void* to, int64_t count) {
        stream_.read(static_cast<char*>(to), count);
        if (stream_.gcount() != count) throw Error("cannot read " + path_ + " to its end");
    }

    Json read_header() {
        if (size_ < 8) fail("it has " + std::to_string(size_) + " bytes, too few for a header");
        uint64_t length = 0;
        read_bytes(&length, 8);
        if (length > static_cast<uint64_t>(largest_header))
            fail("its header claims " + std::to_string(length) + " bytes, more than the allowed " +
                 std::to_string(largest_header));
        if (static_cast<int64_t>(length) > size_ - 8)
            fail("its header claims " + std::to_string(length) + " bytes, but only " +
                 std::to_string(size_ - 8) + " follow");
        std::string text(length, '\0');
        read_bytes(text.data(), static_cast<int64_t>(length));
        data_start_ = 8 + static_cast<int64_t>(length);
        return parse_header(text);
    }

    /// The library keeps the last of two equal keys; the callback refuses the second.
    Json parse_header(const std::string& text) const {
        std::vector<std::set<std::string>> keys;  // of the objects being read, outermost first
        const auto check = [&](int, Json::parse_event_t event, Json& parsed) {
            if (event == Json::parse_event_t::object_start) keys.emplace_back();
            if (event == Json::parse_event_t::object_end) keys.pop_back();
            if (event == Json::parse_event_t::key &&
                !keys.back().insert(parsed.get<std::string>()).second)
                fail("its header has the key '" + parsed.get<std::string>() + "' twice");
            return true;
        };
        Json header;
        try {
            header = Json::parse(text, check);
        } catch (const Json::parse_error& error) {
            fail("its header is not JSON (byte " + std::to_string(error.byte) + ")");
        }
        if (!header.is_object()) fail("its header is not a JSON object");
        return header;
    }

    std::map<std::string, std::string> read_metadata(const Json& value) const {
        std::map<std::string, std::string> metadata;
        if (!value.is_object()) fail("__metadata__ is not an object");
        for (const auto& [key, text] : value.items()) {
            if (!text.is_string()) fail("__metadata__ '" + key + "' is not a string");
            metadata.emplace(key, text.get<std::string>());
        }
        return metadata;
    }

    int64_t size_from(const Json& value, const std::string& tensor, const char* what) const {
        // Integers beyond 64 bits arrive as floating-point numbers and fail here too.
        if (!value.is_number_unsigned() ||
            value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()})
            fail(tensor, std::string(what) + " holds " + value.dump() +
                             ", which is not a size that fits 63 bits");
        return value.get<int64_t>();
    }

    Entry read_entry(const std::string& name, const Json& value) const {
        if (!value.is_object()) fail(name, "its entry is not an object");
        for (const char* key : {"dtype", "shape", "data_offsets"})
            if (!value.contains(key)) fail(name, "no '" + std::string(key) + "'");

        Entry entry{.name = name, .type = nullptr, .shape = {}, .begin = 0, .end = 0};
        const Json &dtype = value["dtype"], &shape = value["shape"],
                   &offsets = value["data_offsets"];
        for (const StoredType& type : stored_types)
            if (dtype == type.name) entry.type = &type;
        if (!entry.type)
            fail(name, "dtype " + dtype.dump() + " is not one of F32, F64, F16, BF16, I64, U8");

        if (!shape.is_array()) fail(name, "its shape is not a list");
        int64_t bytes = entry.type->size;
        for (const Json& axis : shape) {
            entry.shape.push_back(size_from(axis, name, "its shape"));
            if (__builtin_mul_overflow(bytes, entry.shape.back(), &bytes))
                fail(name, "the size of shape " + to_string(entry.shape) + " overflows 64 bits");
        }

        if (!offsets.is_array() || offsets.size() != 2)
            fail(name, "data_offsets is not a list of 2 numbers");
        entry.begin = size_from(offsets[0], name, "data_offsets");
        entry.end = size_from(offsets[1], name, "data_offsets");
        if (entry.end < entry.begin) fail(name, "its data ends before it begins");
        if (entry.end - entry.begin != bytes)
            fail(name, to_string(entry.shape) + " " + entry.type->name + " needs " +
                           std::to_string(bytes) + " bytes, data_offsets span " +
                           std::to_string(entry.end - entry.begin));
        return entry;
    }

    /// Sorts the entries by their data, which must fill the rest of the file exactly.
    void check_layout(std::vector<Entry>& entries) const {
        std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
        });
        int64_t covered = 0;
        for (const Entry& entry : entries) {
            if (entry.begin != covered)
                fail(entry.name,
                     "its data begins at " + std::to_string(entry.begin) +
                         (entry.begin > covered ? ", leaving a gap after " : ", overlapping the ") +
                         std::to_string(covered) + " bytes before it");
            covered = entry.end;
        }
        const int64_t present = size_ - data_start_;
        if (covered > present)
            fail(entries.back().name, "its data ends at " + std::to_string(covered) +
                                          ", past the end of the file's " +
                                          std::to_string(present) + " bytes of data");
        if (covered < present)
            fail(std::to_string(present - covered) + " bytes are left over after the last tensor");
    }

    /// Entries are read in the order of their data, so that nothing is skipped or sought.
    Tensor read_tensor(const Entry& entry) {
        Tensor tensor = Tensor::empty(entry.shape, entry.type->dtype);
        if (entry.type->size == size_of(entry.type->dtype)) {
            read_bytes(tensor.raw(), entry.end - entry.begin);
            return tensor;
        }
        std::vector<uint16_t> halves(static_cast<size_t>(tensor.numel()));
        read_bytes(halves.data(), entry.end - entry.begin);
        const bool brain = std::strcmp(entry.type->name, "BF16") == 0;
        std::transform(halves.begin(), halves.end(), tensor.data<float>(),
                       brain ? from_bfloat16 : from_float16);
        return tensor;
    }

    std::string path_;
    std::ifstream stream_;
    int64_t size_ = 0, data_start_ = 0;
};

const char* stored_name(DType dtype) {
    const auto same = [&](const StoredType& type) { return type.dtype == dtype; };
    return std::find_if(std::begin(stored_types), std::end(stored_types), same)->name;
}

}  // namespace

Tensor SafetensorsFile::find(const std::string& name) const {
    for (const auto& [stored, tensor] : tensors)
        if (stored == name) return tensor;
    return {};
}

Tensor SafetensorsFile::at(const std::string& name) const {
    Tensor tensor = find(name);
    if (!tensor.defined()) throw Error(path + " has no tensor '" + name + "'");
    return tensor;
}

SafetensorsFile read_safetensors(const std::string& path) { return Reader(path).read(); }

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::vector<std::pair<std::string, Tensor>> ordered = tensors;
    // Wide elements first: every tensor is then aligned for those who map the file into memory.
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
        return size_of(a.second.dtype()) > size_of(b.second.dtype());
    });
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header[metadata_key] = metadata;
    int64_t offset = 0;
    for (const auto& [name, tensor] : ordered) {
        if (header.contains(name) || name == metadata_key)
            throw Error("cannot write " + path + ": two tensors are called '" + name + "'");
        header[name] = {{"dtype", stored_name(tensor.dtype())},
                        {"shape", tensor.shape()},
                        {"data_offsets", {offset, offset + tensor.bytes()}}};
        offset += tensor.bytes();
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const Json::type_error&) {
        throw Error("cannot write " + path + ": a name or metadata string is not UTF-8");
    }
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const uint64_t length = text.size();

    AtomicFile file(path);
    file.write(&length, sizeof length);
    file.write(text);
    for (const auto& [name, tensor] : ordered) {
        const Tensor host = tensor.device() == Device::cpu ? tensor : tensor.to(Device::cpu);
        file.write(host.raw(), host.bytes());
    }
    file.commit();
}

}  // namespace mdn
