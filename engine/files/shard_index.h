// The index of a checkpoint that lies in several files, as Hugging Face's libraries write it:
// {"metadata": {…}, "weight_map": {"layer.weight": "model-00001-of-00002.safetensors", …}}.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace mdn {

struct ShardIndex {
    std::vector<std::string> files;  // relative to the index, each once, in order of appearance
    std::unordered_map<std::string, size_t> file_of;  // each tensor's, by its place in `files`
};

/// `source` is the path, for messages. Throws Error naming it, and the tensor where one is at
/// fault, for what is not JSON, has no weight_map, names a tensor twice, or names a file outside
/// the index's folder.
ShardIndex parse_shard_index(const std::string& text, const std::string& source);
/// The same of a file. Throws also for one too large to be an index.
ShardIndex read_shard_index(const std::string& path);

}  // namespace mdn
