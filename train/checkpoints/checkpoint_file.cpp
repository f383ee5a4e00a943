#include "train/checkpoints/checkpoint_file.h"

#include <filesystem>
#include <memory>
#include <unordered_map>

#include "engine/files/safetensors.h"
#include "engine/files/shard_index.h"
#include "engine/files/torch/torch_file.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/checkpoint_folder.h"
#include "train/checkpoints/foreign_files.h"

namespace mdn {

namespace {

CheckpointFile open_torch(const std::shared_ptr<const ByteSource>& source) {
    const auto torch = std::make_shared<const TorchFile>(source);
    CheckpointFile file{.path = source->name(),
                        .container = torch->container(),
                        .names = {},
                        .shapes = {},
                        .metadata = {},
                        .skipped = torch->skipped(),
                        .read = {}};
    for (const TorchTensor& tensor : torch->tensors()) {
        file.names.push_back(tensor.name);
        file.shapes.push_back(tensor.shape);
    }
    file.read = [torch](size_t i) { return torch->read(torch->tensors()[i]); };
    return file;
}

CheckpointFile open_one(const std::string& path, Checksums checksums) {
    const std::shared_ptr<const ByteSource> source = open_file(path);
    refuse_foreign_file(*source);
    if (is_torch_file(*source)) return open_torch(source);
    const auto stored = std::make_shared<const SafetensorsReader>(source, checksums);
    CheckpointFile file{.path = path,
                        .container = "safetensors",
                        .names = {},
                        .shapes = {},
                        .metadata = stored->metadata(),
                        .skipped = {},
                        .read = {}};
    for (const SafetensorsEntry& entry : stored->entries()) {
        file.names.push_back(entry.name);
        file.shapes.push_back(entry.shape);
    }
    file.read = [stored](size_t i) { return stored->read(stored->entries()[i]); };
    return file;
}

/// Where a tensor of several files is.
struct PartPlace {
    size_t part, tensor;
};

/// All tensors of all files, each once: the one that the index names, where there is one.
CheckpointFile join(const std::string& path, const CheckpointParts& parts, Checksums checksums) {
    const ShardIndex index = parts.index.empty() ? ShardIndex{} : read_shard_index(parts.index);
    auto files = std::make_shared<std::vector<CheckpointFile>>();
    for (const std::string& file : parts.files) files->push_back(open_one(file, checksums));
    CheckpointFile all{.path = path,
                       .container = files->front().container,
                       .names = {},
                       .shapes = {},
                       .metadata = {},
                       .skipped = {},
                       .read = {}};
    all.container +=
        ", " + std::to_string(files->size()) + (files->size() == 1 ? " file" : " shards");
    auto places = std::make_shared<std::vector<PartPlace>>();
    std::unordered_map<std::string, size_t> known;  // the part of each
    for (size_t part = 0; part < files->size(); ++part) {
        const CheckpointFile& file = (*files)[part];
        for (const auto& [name, count] : file.skipped) all.skipped[name] += count;
        for (size_t i = 0; i < file.names.size(); ++i) {
            const std::string& name = file.names[i];
            const auto meant = index.file_of.find(name);
            if (meant != index.file_of.end() && meant->second != part) continue;
            const auto [earlier, added] = known.emplace(name, part);
            if (!added)
                throw Error("tensor '" + name + "' is in " + (*files)[earlier->second].path +
                            " and in " + file.path + ", and no index says which is meant");
            all.names.push_back(name);
            all.shapes.push_back(file.shapes[i]);
            places->push_back({part, i});
        }
    }
    for (const auto& [name, part] : index.file_of)
        if (!known.contains(name))
            throw Error(parts.index + " says that tensor '" + name + "' is in " +
                            (*files)[part].path + ", which does not hold it",
                        "do the index and the shards belong together?");
    all.read = [files, places](size_t i) {
        const PartPlace place = (*places)[i];
        return (*files)[place.part].read(place.tensor);
    };
    return all;
}

}  // namespace

SafetensorsFile read_weights(const std::string& path) {
    if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
        throw Error(path + " is a folder, not a file of weights",
                    "microdualnet import turns a folder of shards into one file");
    const std::shared_ptr<const ByteSource> source = open_file(path);
    refuse_foreign_file(*source);
    if (is_torch_file(*source))
        throw Error(path + " is a PyTorch checkpoint",
                    "microdualnet import turns it into a safetensors file");
    return read_safetensors(
        path, [](const std::string& name) { return !name.starts_with(optimizer_prefix); });
}

CheckpointFile open_checkpoint(const std::string& path, Checksums checksums) {
    const CheckpointParts parts = checkpoint_at(path);
    const bool is_file = parts.index.empty() && parts.files.size() == 1 && parts.files[0] == path;
    return is_file ? open_one(path, checksums) : join(path, parts, checksums);
}

}  // namespace mdn
