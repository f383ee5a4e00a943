// A trained model as an ONNX file that tells how it is used.
#pragma once

#include "engine/files/onnx/model.h"
#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// The graph of `model`, which must outlive it, with metadata for who has nothing but the file: the
/// config, the names of the classes (from the metadata of `weights`, where it has them), and how
/// inputs are made from frames and keypoints (SPEC §3, §8 and §9). Throws Error naming the file of
/// the weights if it names another number of classes than the model has.
onnx::Model export_onnx(const MicroDualNet& model, const SafetensorsFile& weights);

}  // namespace mdn
