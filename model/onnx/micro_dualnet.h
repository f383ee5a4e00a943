// The whole model as an ONNX graph, for evaluation: frames and boxes, or joints, in, logits out.
#pragma once

#include <array>

#include "engine/files/onnx/model.h"
#include "engine/parameters.h"
#include "engine/tensor.h"
#include "model/config.h"

namespace mdn::onnx {

/// What comes before the model, as far as the graph does it: it takes frames as pixels.
struct Preprocessing {
    std::array<float, 3> mean, deviation;  // of red, green and blue, in 0..255
    Tensor fixed_boxes = {};               // f32 [K,4], pixels of S×S: for regions fixed
};

/// The graph of the model that has these parameters, which must outlive it, and its numbers with
/// it.
///
/// Inputs, by what the model sees (SPEC §8):
///   frames f32 [clips,T,S,S,3]    pixels, RGB in 0..255
///   boxes f32 [clips,T,K,4]       x1 y1 x2 y2 in pixels; of regions keypoints alone
///   joints f32 [clips,T,K,J,3]    of modality pose, instead of both
/// Outputs:
///   logits f32 [clips,classes]
///   alpha f32 [clips,K,2]         weights of the paths ST and TS; where there is a router
///
/// Initializers have the names and the layouts of a checkpoint (SPEC §7), and are bit for bit the
/// parameters: no batch norm is folded. Beside them stand rgb_mean, rgb_deviation and fixed_boxes.
Model graph_of(const Config& config, const ParameterStore& parameters,
               const Preprocessing& preprocessing);

}  // namespace mdn::onnx
