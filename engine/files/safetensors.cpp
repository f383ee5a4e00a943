#include "engine/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/files/atomic_file.h"
#include "engine/files/byte_source.h"
#include "engine/files/safetensors_header.h"
#include "engine/files/torch/torch_file.h"
#include "engine/float16.h"

namespace mdn {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr int64_t largest_header = 100'000'000;

/// Reads one file; every message begins with its path.
class Reader {
  public:
    explicit Reader(const ByteSource& source) : source_(source) {}

    SafetensorsFile read() {
        SafetensorsFile file;
        file.path = source_.name();
        SafetensorsHeader header = parse_safetensors_header(read_header(), source_.name());
        file.metadata = std::move(header.metadata);
        check_layout(header.entries);
        for (const SafetensorsEntry& entry : header.entries)
            file.tensors.emplace_back(entry.name, read_tensor(entry));
        return file;
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        fail_safetensors(source_.name(), what);
    }
    [[noreturn]] void fail(const std::string& tensor, const std::string& what) const {
        fail("tensor '" + tensor + "': " + what);
    }

    std::string read_header() {
        const int64_t size = source_.size();
        if (is_torch_file(source_))
            throw Error(source_.name() + " is a PyTorch file, not a safetensors file",
                        "microdualnet import turns it into one");
        if (size < 8) fail("it has " + std::to_string(size) + " bytes, too few for a header");
        uint64_t length = 0;
        source_.read(0, &length, 8);
        if (length > static_cast<uint64_t>(largest_header))
            fail("its header claims " + std::to_string(length) + " bytes, more than the allowed " +
                 std::to_string(largest_header));
        if (static_cast<int64_t>(length) > size - 8)
            fail("its header claims " + std::to_string(length) + " bytes, but only " +
                 std::to_string(size - 8) + " follow");
        std::string text(length, '\0');
        source_.read(8, text.data(), static_cast<int64_t>(length));
        data_start_ = 8 + static_cast<int64_t>(length);
        return text;
    }

    /// Sorts the entries by their data, which must fill the rest of the file exactly.
    void check_layout(std::vector<SafetensorsEntry>& entries) const {
        std::sort(entries.begin(), entries.end(),
                  [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
                      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                  });
        int64_t covered = 0;
        for (const SafetensorsEntry& entry : entries) {
            if (entry.begin != covered)
                fail(entry.name,
                     "its data begins at " + std::to_string(entry.begin) +
                         (entry.begin > covered ? ", leaving a gap after " : ", overlapping the ") +
                         std::to_string(covered) + " bytes before it");
            covered = entry.end;
        }
        const int64_t present = source_.size() - data_start_;
        if (covered > present)
            fail(entries.back().name, "its data ends at " + std::to_string(covered) +
                                          ", past the end of the file's " +
                                          std::to_string(present) + " bytes of data");
        if (covered < present)
            fail(std::to_string(present - covered) + " bytes are left over after the last tensor");
    }

    Tensor read_tensor(const SafetensorsEntry& entry) const {
        Tensor tensor = Tensor::empty(entry.shape, entry.type->dtype);
        if (entry.type->size == size_of(entry.type->dtype)) {
            source_.read(data_start_ + entry.begin, tensor.raw(), entry.end - entry.begin);
            return tensor;
        }
        std::vector<uint16_t> halves(static_cast<size_t>(tensor.numel()));
        source_.read(data_start_ + entry.begin, halves.data(), entry.end - entry.begin);
        const bool brain = std::strcmp(entry.type->name, "BF16") == 0;
        std::transform(halves.begin(), halves.end(), tensor.data<float>(),
                       brain ? from_bfloat16 : from_float16);
        return tensor;
    }

    const ByteSource& source_;
    int64_t data_start_ = 0;
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

SafetensorsFile read_safetensors(const std::string& path) {
    return Reader(*open_file(path)).read();
}

SafetensorsFile parse_safetensors(std::span<const uint8_t> bytes, const std::string& name) {
    return Reader(*in_memory(bytes, name)).read();
}

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
