// Writes an ONNX file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/files/onnx/model.h"
#include "engine/files/protobuf_writer.h"

namespace mdn::onnx {

/// Protobuf's readers take no longer message.
constexpr int64_t most_bytes = INT32_MAX;

/// The message that a file is. Numbers of initializers are not read yet.
ProtobufMessage to_protobuf(const Model& model);
ProtobufMessage to_protobuf(const Function& function);

/// Writes a whole file or none (AtomicFile) and returns its size. Tells `progress`, where there is
/// one, how many bytes of how many are written. Throws Error naming the file where it cannot be
/// written, and before anything is written if it would be larger than `most_bytes`.
int64_t write(const std::string& path, const Model& model,
              const std::function<void(int64_t done, int64_t total)>& progress = {});

}  // namespace mdn::onnx
