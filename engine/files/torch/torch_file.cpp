#include "engine/files/torch/torch_file.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/error.h"

namespace mdn {

namespace {

using Kind = PickleValue::Kind;

/// The number that a legacy file's first pickle holds: LONG1, 10 bytes, STOP.
constexpr std::array<uint8_t, 13> legacy_magic = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                                  0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
constexpr int64_t legacy_protocol = 1001;

/// The same in protocols 0 and 1, which write long numbers in decimal.
constexpr std::string_view legacy_magic_text = "L119547037146038801333356L\n.";

bool is_legacy(const ByteSource& source) {
    std::array<uint8_t, 32> head{};  // PROTO, and FRAME in late protocols, come before the number
    const int64_t size = std::min<int64_t>(source.size(), head.size());
    source.read(0, head.data(), size);
    if (std::equal(legacy_magic_text.begin(), legacy_magic_text.end(), head.begin())) return true;
    return head[0] == 0x80 && std::search(head.begin(), head.end(), legacy_magic.begin(),
                                          legacy_magic.end()) != head.end();
}

/// Memory for what a pickle of a source of so many bytes describes: enough for a small model's file
/// that is nearly all pickle, and for the long lists that training scripts save beside weights.
int64_t pickle_budget(int64_t bytes) { return (4 << 20) + 2 * bytes; }

/// Throws Error on overflow.
int64_t storage_bytes(const TorchStorage& storage, const std::string& key,
                      const std::string& source) {
    int64_t bytes = 0;
    if (__builtin_mul_overflow(storage.numel, storage.type->size, &bytes))
        throw Error(source + ": storage '" + key + "' claims to hold " + to_string(storage));
    return bytes;
}

}  // namespace

TorchFile::TorchFile(std::shared_ptr<const ByteSource> source) : source_(std::move(source)) {
    if (is_zip(*source_))
        open_zip();
    else if (is_legacy(*source_))
        open_legacy();
    else
        throw Error(source_->name() +
                    ": not a PyTorch file: it is neither a zip archive nor a file that " +
                    "torch.save wrote before version 1.6");
}

void TorchFile::open_zip() {
    container_ = "PyTorch, zip";
    const std::string& name = source_->name();
    const ZipReader zip(*source_);
    // Everything is in one folder, whatever it is called.
    std::string folder;
    const StoredEntry* data = nullptr;
    for (const StoredEntry& entry : zip.entries())
        if (entry.name.ends_with("/data.pkl") &&
            entry.name.find('/') == entry.name.size() - std::string("/data.pkl").size()) {
            if (data)
                throw Error(name + ": it holds two checkpoints, " + data->name + " and " +
                            entry.name);
            data = &entry;
            folder = entry.name.substr(0, entry.name.find('/') + 1);
        }
    if (!data) throw Error(name + ": a zip archive, but not PyTorch's: it has no data.pkl");
    if (zip.find(folder + "constants.pkl"))
        throw Error(name + ": a TorchScript program, not a checkpoint",
                    "save the weights alone: torch.save(torch.jit.load(FILE).state_dict(), ...)");
    check_stored(*data);
    if (const StoredEntry* order = zip.find(folder + "byteorder")) {
        std::string text(static_cast<size_t>(std::min<int64_t>(order->size, 16)), '\0');
        source_->read(order->begin, text.data(), static_cast<int64_t>(text.size()));
        if (text != "little" && text != "big")
            throw Error(name + ": its byteorder is '" + text + "', neither little nor big");
        big_endian_ = text == "big";
    }

    ByteReader reader(*source_, data->begin, data->begin + data->size);
    const Pickle pickle(reader, name + " (data.pkl)", pickle_budget(source_->size()));
    contents_ = find_tensors(pickle, name, pickle_budget(source_->size()));
    for (auto& [key, storage] : contents_.storages) {
        const StoredEntry* entry = zip.find(folder + "data/" + key);
        if (!entry) throw Error(name + ": storage '" + key + "' is not in the archive");
        check_stored(*entry);
        if (entry->size != storage_bytes(storage, key, name))
            throw Error(name + ": storage '" + key + "' has " + std::to_string(entry->size) +
                        " bytes instead of " + to_string(storage));
        storage.begin = entry->begin;
        // Where PyTorch was told to compute none (set_crc32_options), the pickle has none either.
        if (data->crc != 0) checksums_.emplace(key, entry->crc);
    }
    place_tensors();
}

void TorchFile::check_stored(const StoredEntry& entry) const {
    if (entry.compressed)
        throw Error(source_->name() + ": entry '" + entry.name +
                        "' is compressed, which PyTorch never does",
                    "was the checkpoint packed again? Unpack it, and zip it with `zip -0`");
}

void TorchFile::open_legacy() {
    container_ = "PyTorch, legacy";
    const std::string& name = source_->name();
    ByteReader reader(*source_, 0, source_->size());
    const auto next = [&] { return Pickle(reader, name, pickle_budget(source_->size())); };
    next();  // the magic number
    const PickleValue protocol = next().root();
    if (!protocol.is(Kind::integer) || protocol.payload() != legacy_protocol)
        throw Error(name + ": its protocol is not 1001, that of PyTorch's legacy files");
    const Pickle system = next();
    const auto& facts = system.items(system.root());
    for (size_t i = 0; i + 1 < facts.size(); i += 2)
        if (system.text(facts[i]) == "little_endian")
            big_endian_ = facts[i + 1].is(Kind::integer) && facts[i + 1].payload() == 0;
    contents_ = find_tensors(next(), name, pickle_budget(source_->size()));

    // The keys in the order of the storages, then each storage's number of numbers and the numbers.
    const Pickle keys = next();
    for (PickleValue item : keys.items(keys.root())) {
        const std::string& key = keys.text(item);
        const auto found = contents_.storages.find(key);
        if (found == contents_.storages.end() || found->second.begin >= 0)
            throw Error(name + ": storage '" + key + "' is listed twice, or no tensor uses it");
        TorchStorage& storage = found->second;
        const auto numel = reader.number<int64_t>();
        if (numel != storage.numel)
            throw Error(name + ": storage '" + key + "' has " + std::to_string(numel) +
                        " numbers instead of " + to_string(storage));
        storage.begin = reader.position();
        reader.skip(storage_bytes(storage, key, name));
    }
    for (const auto& [key, storage] : contents_.storages)
        if (storage.begin < 0) throw Error(name + ": storage '" + key + "' is not in the file");
    place_tensors();
}

void TorchFile::place_tensors() {
    for (TorchTensor& tensor : contents_.tensors)
        if (tensor.refusal.empty() || !tensor.storage_key.empty())
            tensor.storage = contents_.storages.at(tensor.storage_key);
}

bool is_torch_file(const ByteSource& source) { return is_zip(source) || is_legacy(source); }

TorchFile read_torch_file(const std::string& path) { return TorchFile(open_file(path)); }

TorchFile parse_torch_file(std::span<const uint8_t> bytes, const std::string& name) {
    return TorchFile(in_memory(bytes, name));
}

}  // namespace mdn
