// Which files of a folder are a checkpoint's.
#pragma once

#include <string>
#include <vector>

namespace mdn {

struct CheckpointParts {
    std::vector<std::string> files;
    std::string index;  // of the shards; "" where there is none
};

/// The files of one checkpoint in a folder: an index (NAME.safetensors.index.json before
/// NAME.bin.index.json), else the numbered shards of one (NAME-00001-of-00003.safetensors), else a
/// file that can be the only one meant (model.safetensors, pytorch_model.bin, or the only one there
/// is). Throws Error naming the folder and what lies in it where none or several can be meant, and
/// where the folder is a checkpoint that is not read.
CheckpointParts checkpoint_in(const std::string& folder);

/// The files that a path stands for: those of a folder, those that an index (.json) names, or the
/// one of that path, which need not exist.
CheckpointParts checkpoint_at(const std::string& path);

}  // namespace mdn
