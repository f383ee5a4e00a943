// Reads an ONNX file back, for tests: as much of the format as this program writes, and nothing
// else. Field numbers are those of onnx.proto, written down here once more on purpose.
#pragma once

#include <string>

#include "engine/files/onnx/model.h"

namespace mdn::test {

/// Throws std::runtime_error for anything that is not well formed: a field that is not known here,
/// a wrong wire type, a length past the end, a text that is not UTF-8, numbers that do not fit a
/// tensor's dims. Modules are not in a file.
onnx::Model read_onnx(const std::string& bytes);

}  // namespace mdn::test
