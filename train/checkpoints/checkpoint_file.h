// Opens a checkpoint in any container: lists its tensors first, and reads their numbers on demand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/files/safetensors.h"
#include "engine/tensor.h"

namespace mdn {

struct CheckpointFile {
    std::string path;
    std::string container;  // "safetensors", "PyTorch, zip", "PyTorch, legacy, 3 shards"
    std::vector<std::string> names;
    std::vector<Shape> shapes;                    // of each name
    std::map<std::string, std::string> metadata;  // a single safetensors file's; else empty
    std::map<std::string, int64_t> skipped;       // classes of other objects in it, and how many
    std::function<Tensor(size_t)> read;           // the tensor of a name, by its place
};

/// Weights for a model: read_safetensors() without the optimizer's state, but a file that is
/// something else is named for what it is, PyTorch's with a hint at `import`.
SafetensorsFile read_weights(const std::string& path);

/// Tells the container by the file's first bytes, whatever its name. A folder, or an index of
/// shards
/// (.json), stands for the files in it (checkpoint_folder.h). Throws Error naming the path, and
/// what it seems to be instead, if it is neither safetensors nor PyTorch's; if a shard lacks a
/// tensor that the index says it has; if two hold one of the same name. `checksums`: what is done
/// with those of safetensors files.
CheckpointFile open_checkpoint(const std::string& path, Checksums checksums = Checksums::compared);

}  // namespace mdn
