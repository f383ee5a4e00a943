// How fast the model runs, and how much of what the machine can do that is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/optim.h"
#include "model/micro_dualnet.h"
#include "train/trace.h"

namespace mdn {

/// Frames ~ N(0,1), boxes inside the frame with sides of at least 1/16 of it, labels.
TraceInput random_input(const Config& config, int64_t clips, uint64_t seed);

struct BenchOptions {
    bool training = false;  // a whole step (dropout, backward, update) instead of a forward pass
    OptimizerKind optimizer = OptimizerKind::adamw;
    int64_t repeats = 5;  // timed runs, after some that are not
    bool record = true;   // the steps, on a device that can
};

/// Seconds of each timed run.
std::vector<double> time_model(MicroDualNet& model, const TraceInput& input,
                               const BenchOptions& options);

/// Multiply-adds of registers only, on all threads, in GFLOP/s: what no program can exceed.
double measure_fma_peak();
/// The engine's product of two 1024×1024 matrices, in GFLOP/s.
double measure_gemm_peak();
/// The most memory this process ever held, bytes.
int64_t peak_resident_bytes();

}  // namespace mdn
