// A model's size, worked out from its configuration before anything is allocated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/optim.h"
#include "model/config.h"
#include "model/forward_options.h"

namespace mdn {

/// All for one clip. Multiply-adds: one for each of a convolution, a linear layer or attention's
/// two products, two an element for batch norm, five for layer norm; none for activations, pooling
/// and ROIAlign. With batch norm counted so, TSM-R101 comes out at its published 62.7 GMAC (62.4
/// without).
struct LayerSummary {
    std::string name;        // prefix of its parameters' names, "backbone.layer1.0"
    Shape shape;             // of its output, without the clips
    int64_t parameters = 0;  // trained scalars
    int64_t macs = 0;
};

struct ModelSummary {
    std::vector<LayerSummary> layers;  // in the order they run
    LayerSummary total;                // its shape is that of the logits
    /// The same backbone as TSM classifies with it: a linear layer on every frame's pooled
    /// features, the scores averaged. Named by its depth, "TSM-R101"; none without frames.
    std::optional<LayerSummary> tsm;
};

/// Throws Error if the configuration cannot be built.
ModelSummary summarize(const Config& config);

/// Bytes a training step takes from the device's allocator, beside the bounded workspaces of single
/// kernels.
struct TrainingMemory {
    int64_t parameters = 0;  // running statistics, and the weights in bf16 where products read them
    int64_t optimizer = 0;   // momentum, and AdamW's second moment
    int64_t gradients = 0;   // of all parameters
    int64_t activations = 0;  // what the forward pass keeps for the backward pass, of their dtype
    int64_t inputs = 0;       // frames and boxes or joints, and labels, of one batch
    /// The most held at once: the backward pass frees activations as it fills in gradients, so
    /// this is less than the sum of the above plus its working memory and what it computes again.
    int64_t peak = 0;
};

/// With activations of f32 or bf16; all else is float32. Throws Error if the configuration cannot
/// be built or clips is not from 1 to 4096.
TrainingMemory estimate_training_memory(const Config& config, int64_t clips,
                                        OptimizerKind optimizer = OptimizerKind::adamw,
                                        DType activations = DType::f32,
                                        Recompute recompute = Recompute::outputs);

/// Bytes that a forward pass without gradients takes at most. Throws likewise.
int64_t estimate_forward_memory(const Config& config, int64_t clips,
                                DType activations = DType::f32);

}  // namespace mdn
