// The model on given tensors: its outputs and gradients, and training on one batch (SPEC §9).
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/keypoints/keypoints.h"
#include "engine/optim.h"
#include "engine/tensor.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// One batch, on the CPU. `labels` may be undefined.
struct TraceInput {
    Inputs inputs;  // f32
    Tensor labels;  // [B] i64
};

/// Reads `frames` and `boxes`, or in modality pose `joints`, and, where there are any, `labels`
/// from a safetensors file and checks them against the config. Boxes of `fixed` regions are the
/// constant layout whatever the file holds, and with no regions the file need not hold any. Throws
/// Error naming file and tensor.
TraceInput read_trace_input(const std::string& path, const Config& config);

/// The clip of that name in a dataset folder, as evaluation reads it, as a batch of one.
TraceInput read_trace_clip(const std::string& dataset, const std::string& clip,
                           const Config& config, const KeypointOptions& keypoints = {},
                           const DatasetOptions& dataset_options = {});

struct TraceOptions {
    bool training = false;   // batch statistics in batch norm; dropout is 0 either way
    bool gradients = false;  // also `grad.<parameter>`, of the loss, in the layout on disk
};

/// Every tensor of SPEC §9 that this variant has, f32 on the CPU, under its name. Throws Error if
/// gradients are asked for without labels.
std::vector<std::pair<std::string, Tensor>> trace(MicroDualNet& model, const TraceInput& input,
                                                  const TraceOptions& options);

struct OverfitOptions {
    int64_t steps = 20;
    double learning_rate = 1e-3;
    OptimizerOptions optimizer;  // without clipping
};

struct OverfitStep {
    int64_t step;
    double loss, loss_ce, loss_mac;
};

/// Trains on this one batch in train mode without dropout; calls `report` with the losses before
/// each update. Throws NonFinite naming the step, and Error if the input has no labels.
void overfit(MicroDualNet& model, const TraceInput& input, const OverfitOptions& options,
             const std::function<void(const OverfitStep&)>& report);

}  // namespace mdn
