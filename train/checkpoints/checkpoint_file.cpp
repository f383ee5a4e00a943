#include "train/checkpoints/checkpoint_file.h"

#include <algorithm>
#include <array>
#include <memory>

#include "engine/files/safetensors.h"
#include "engine/files/torch/torch_file.h"

namespace mdn {

namespace {

/// Files that take a checkpoint's place when a download goes wrong, and other containers.
struct Mistaken {
    std::string begins;
    const char* what;
    const char* hint;
};

const Mistaken mistaken[] = {
    {"<", "a web page", "download the file itself, not the page that shows it"},
    {"version https://git-lfs", "a Git LFS pointer, not the file it points to",
     "run `git lfs pull`"},
    {"\x1f\x8b", "compressed with gzip", "unpack it first"},
    {"BZh", "compressed with bzip2", "unpack it first"},
    {"\xfd"
     "7zXZ",
     "compressed with xz", "unpack it first"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first"},
    {"\x89HDF", "an HDF5 file", "save the weights as safetensors or with torch.save"},
    {"\x93NUMPY", "a NumPy array", "save the weights as safetensors or with torch.save"},
    {"GGUF", "a GGUF file", "save the weights as safetensors or with torch.save"},
};

void check_not_mistaken(const ByteSource& source) {
    if (source.size() == 0) throw Error(source.name() + " is empty");
    std::array<char, 32> head{};
    source.read(0, head.data(), std::min<int64_t>(source.size(), head.size()));
    // A safetensors file begins with its header's length and '{', which none of these has there.
    if (head[8] == '{') return;
    for (const Mistaken& other : mistaken)
        if (std::equal(other.begins.begin(), other.begins.end(), head.begin()))
            throw Error(source.name() + " is not a checkpoint: it is " + other.what, other.hint);
}

}  // namespace

SafetensorsFile read_weights(const std::string& path) {
    const std::shared_ptr<const ByteSource> source = open_file(path);
    if (is_torch_file(*source))
        throw Error(path + " is a PyTorch checkpoint",
                    "microdualnet import turns it into a safetensors file");
    check_not_mistaken(*source);
    return read_safetensors(path);
}

CheckpointFile open_checkpoint(const std::string& path) {
    const std::shared_ptr<const ByteSource> source = open_file(path);
    CheckpointFile file{.path = path,
                        .container = "safetensors",
                        .names = {},
                        .shapes = {},
                        .skipped = {},
                        .read = {}};
    if (is_torch_file(*source)) {
        const auto torch = std::make_shared<const TorchFile>(source);
        file.container = torch->container();
        file.skipped = torch->skipped();
        for (const TorchTensor& tensor : torch->tensors()) {
            file.names.push_back(tensor.name);
            file.shapes.push_back(tensor.shape);
        }
        file.read = [torch](size_t i) { return torch->read(torch->tensors()[i]); };
        return file;
    }
    check_not_mistaken(*source);
    const auto stored = std::make_shared<const SafetensorsFile>(read_safetensors(path));
    for (const auto& [name, tensor] : stored->tensors) {
        file.names.push_back(name);
        file.shapes.push_back(tensor.shape());
    }
    file.read = [stored](size_t i) { return stored->tensors[i].second; };
    return file;
}

}  // namespace mdn
