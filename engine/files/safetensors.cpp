#include "engine/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/files/atomic_file.h"
#include "engine/files/crc32.h"
#include "engine/files/torch/torch_file.h"
#include "engine/float16.h"
#include "engine/threads.h"

namespace mdn {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;

constexpr int64_t largest_header = 100'000'000;

[[noreturn]] void fail_tensor(const std::string& source, const std::string& tensor,
                              const std::string& what) {
    fail_safetensors(source, "tensor '" + tensor + "': " + what);
}

std::string read_header(const ByteSource& source) {
    const int64_t size = source.size();
    if (is_torch_file(source))
        throw Error(source.name() + " is a PyTorch file, not a safetensors file",
                    "microdualnet import turns it into one");
    if (size < 8)
        fail_safetensors(source.name(),
                         "it has " + std::to_string(size) + " bytes, too few for a header");
    uint64_t length = 0;
    source.read(0, &length, 8);
    if (length > static_cast<uint64_t>(largest_header))
        fail_safetensors(source.name(), "its header claims " + std::to_string(length) +
                                            " bytes, more than the allowed " +
                                            std::to_string(largest_header));
    if (static_cast<int64_t>(length) > size - 8)
        fail_safetensors(source.name(), "its header claims " + std::to_string(length) +
                                            " bytes, but only " + std::to_string(size - 8) +
                                            " follow");
    std::string text(length, '\0');
    source.read(8, text.data(), static_cast<int64_t>(length));
    return text;
}

/// Sorts the entries by their data, which must fill the rest of the file, `present` bytes, exactly.
void check_layout(std::vector<SafetensorsEntry>& entries, int64_t present,
                  const std::string& source) {
    std::sort(entries.begin(), entries.end(),
              [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
                  return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
              });
    int64_t covered = 0;
    for (const SafetensorsEntry& entry : entries) {
        if (entry.begin != covered)
            fail_tensor(
                source, entry.name,
                "its data begins at " + std::to_string(entry.begin) +
                    (entry.begin > covered ? ", leaving a gap after " : ", overlapping the ") +
                    std::to_string(covered) + " bytes before it");
        covered = entry.end;
    }
    if (covered > present)
        fail_tensor(source, entries.back().name,
                    "its data ends at " + std::to_string(covered) +
                        ", past the end of the file's " + std::to_string(present) +
                        " bytes of data");
    if (covered < present)
        fail_safetensors(source, std::to_string(present - covered) +
                                     " bytes are left over after the last tensor");
}

SafetensorsFile read_all(std::shared_ptr<const ByteSource> source,
                         const std::function<bool(const std::string&)>& wanted = {}) {
    const SafetensorsReader reader(std::move(source));
    const std::vector<SafetensorsEntry>& entries = reader.entries();
    std::vector<Tensor> read(entries.size());
    run_shares(std::ssize(entries), [&](int64_t i) {
        const SafetensorsEntry& entry = entries[i];
        if (!entry.type || !entry.type->read_as) return;
        if (!wanted || wanted(entry.name))
            read[i] = reader.read(entry);
        else
            reader.check(entry);
    });
    SafetensorsFile file;
    file.path = reader.path();
    file.metadata = reader.metadata();
    for (size_t i = 0; i < entries.size(); ++i)
        if (!entries[i].type || !entries[i].type->read_as)
            file.unread.emplace(entries[i].name, entries[i].dtype);
        else if (read[i].defined())
            file.tensors.emplace_back(entries[i].name, read[i]);
        else
            file.left_out.push_back(entries[i].name);
    return file;
}

TensorChecksums checksums_of(const std::vector<std::pair<std::string, Tensor>>& tensors) {
    std::vector<uint32_t> sums(tensors.size());
    run_shares(std::ssize(tensors), [&](int64_t i) {
        const Tensor& tensor = tensors[i].second;
        sums[i] =
            crc32({static_cast<const char*>(tensor.raw()), static_cast<size_t>(tensor.bytes())});
    });
    TensorChecksums checksums;
    for (size_t i = 0; i < tensors.size(); ++i) checksums[tensors[i].first] = sums[i];
    return checksums;
}

const char* stored_name(DType dtype) {
    const auto same = [&](const StoredType& type) { return type.read_as == dtype; };
    return std::find_if(std::begin(stored_types), std::end(stored_types), same)->name;
}

}  // namespace

SafetensorsReader::SafetensorsReader(std::shared_ptr<const ByteSource> source, Checksums checksums)
    : source_(std::move(source)) {
    const std::string text = read_header(*source_);
    data_start_ = 8 + static_cast<int64_t>(text.size());
    header_ = parse_safetensors_header(text, source_->name());
    check_layout(header_.entries, source_->size() - data_start_, source_->name());
    if (checksums == Checksums::ignored) {
        header_.metadata.erase(metadata_checksums);
    } else {
        checksums_ = take_checksums(header_.metadata, path());
        check_names();
    }
}

/// A damaged header may call a tensor, or its dtype, otherwise.
void SafetensorsReader::check_names() const {
    if (!checksums_) return;
    for (const SafetensorsEntry& entry : header_.entries) {
        if (!checksums_->contains(entry.name))
            fail_damaged(path(), "tensor '" + entry.name + "' was not written with it");
        if (!entry.type || !entry.type->read_as)
            fail_damaged(path(), "tensor '" + entry.name + "' was not written as " + entry.dtype);
    }
    if (checksums_->size() == header_.entries.size()) return;
    std::set<std::string> present;
    for (const SafetensorsEntry& entry : header_.entries) present.insert(entry.name);
    for (const auto& [name, crc] : *checksums_)
        if (!present.contains(name))
            fail_damaged(path(), "tensor '" + name + "' was written with it, and is missing");
}

/// In blocks, each of which is summed while it is in the processor's cache: over all of a tensor
/// at once, the sum would wait for memory and take three times as long. `to` null: only to be
/// summed.
void SafetensorsReader::read_bytes(const SafetensorsEntry& entry, void* to) const {
    constexpr int64_t block = 256 << 10;
    std::vector<char> passing(to ? 0 : std::min(block, entry.end - entry.begin));
    uint32_t crc = 0;
    for (int64_t begin = entry.begin; begin < entry.end; begin += block) {
        const int64_t count = std::min(block, entry.end - begin);
        char* const part = to ? static_cast<char*>(to) + (begin - entry.begin) : passing.data();
        source_->read(data_start_ + begin, part, count);
        if (checksums_) crc = crc32({part, static_cast<size_t>(count)}, crc);
    }
    if (!checksums_) return;
    if (const uint32_t stored = checksums_->at(entry.name); crc != stored)
        fail_checksum(path(), "tensor '" + entry.name + "'", crc, stored);
}

void SafetensorsReader::check(const SafetensorsEntry& entry) const {
    if (checksums_) read_bytes(entry, nullptr);
}

Tensor SafetensorsReader::read(const SafetensorsEntry& entry) const {
    if (!entry.type || !entry.type->read_as)
        throw Error(source_->name() + ": tensor '" + entry.name + "' holds " + entry.dtype +
                        ", which is not read",
                    "save it as float32: tensor.float()");
    const Tensor tensor = Tensor::empty(entry.shape, *entry.type->read_as);
    if (entry.type->bits == 8 * size_of(tensor.dtype())) {
        read_bytes(entry, tensor.raw());
        return tensor;
    }
    std::vector<uint16_t> halves(static_cast<size_t>(tensor.numel()));
    read_bytes(entry, halves.data());
    std::transform(halves.begin(), halves.end(), tensor.data<float>(),
                   entry.dtype == "BF16" ? from_bfloat16 : from_float16);
    return tensor;
}

Tensor SafetensorsFile::find(const std::string& name) const {
    for (const auto& [stored, tensor] : tensors)
        if (stored == name) return tensor;
    return {};
}

Tensor SafetensorsFile::at(const std::string& name) const {
    Tensor tensor = find(name);
    if (const auto other = unread.find(name); other != unread.end())
        throw Error(path + ": tensor '" + name + "' holds " + other->second +
                    ", which is not read");
    if (!tensor.defined()) throw Error(path + " has no tensor '" + name + "'");
    return tensor;
}

SafetensorsFile read_safetensors(const std::string& path,
                                 const std::function<bool(const std::string&)>& wanted) {
    return read_all(open_file(path), wanted);
}

SafetensorsFile parse_safetensors(std::span<const uint8_t> bytes, const std::string& name) {
    return read_all(in_memory(bytes, name));
}

void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::vector<std::pair<std::string, Tensor>> ordered = tensors;
    for (auto& [name, tensor] : ordered)
        if (tensor.device() != Device::cpu) tensor = tensor.to(Device::cpu);
    // Wide elements first: every tensor is then aligned for those who map the file into memory.
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
        return size_of(a.second.dtype()) > size_of(b.second.dtype());
    });
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    header[metadata_key] = nullptr;  // the first key; filled in below
    int64_t offset = 0;
    for (const auto& [name, tensor] : ordered) {
        if (header.contains(name))
            throw Error("cannot write " + path + ": two tensors are called '" + name + "'");
        header[name] = {{"dtype", stored_name(tensor.dtype())},
                        {"shape", tensor.shape()},
                        {"data_offsets", {offset, offset + tensor.bytes()}}};
        offset += tensor.bytes();
    }
    std::string text;
    try {
        std::map<std::string, std::string> with_checksums = metadata;
        with_checksums[metadata_checksums] = checksums_text(checksums_of(ordered), metadata);
        header[metadata_key] = with_checksums;
        text = header.dump();
    } catch (const Json::type_error&) {
        throw Error("cannot write " + path + ": a name or metadata string is not UTF-8");
    }
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const uint64_t length = text.size();

    AtomicFile file(path);
    file.write(&length, sizeof length);
    file.write(text);
    for (const auto& [name, tensor] : ordered) file.write(tensor.raw(), tensor.bytes());
    file.commit();
}

}  // namespace mdn
