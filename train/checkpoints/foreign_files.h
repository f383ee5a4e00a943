// Files that take a checkpoint's place and are none that is read: each named for what it is, with
// the line of Python that turns it into one that is. docs/weights.md says with which versions the
// lines were run.
#pragma once

#include <string>
#include <vector>

#include "engine/files/byte_source.h"

namespace mdn {

/// Throws Error if the source is something known that is not a checkpoint, or one of a container
/// that is not read: TorchScript and torch.export programs, ONNX, NumPy and HDF5 files, GGUF, plain
/// pickles, a web page, a compressed file. Returns where it is not known: it may be a checkpoint.
void refuse_foreign_file(const ByteSource& source);

/// The same of a folder with these files: torch.distributed.checkpoint's, TensorFlow's SavedModel.
void refuse_foreign_folder(const std::string& folder, const std::vector<std::string>& names);

}  // namespace mdn
