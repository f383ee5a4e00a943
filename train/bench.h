// How fast the model runs, and how close that comes to the machine's peak.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/optim.h"
#include "engine/profile.h"
#include "model/micro_dualnet.h"
#include "train/settings/flags.h"
#include "train/trace.h"

namespace mdn {

/// Frames ~ N(0,1) and boxes inside the frame with sides of at least 1/16 of it, or joints ~
/// N(0,1); labels.
TraceInput random_input(const Config& config, int64_t clips, uint64_t seed);

/// What is timed.
enum class BenchMode {
    forward,  // a forward pass in evaluation mode
    train,    // a whole training step: dropout, backward, update
    head      // forward and backward of what follows the backbone, on given features
};

struct BenchOptions {
    BenchMode mode = BenchMode::forward;
    OptimizerKind optimizer = OptimizerKind::adamw;
    int64_t repeats = 5;                       // timed runs, after some that are not
    bool record = true;                        // the work, on a device that can
    Recompute recompute = Recompute::outputs;  // in training
};

struct TimedRuns {
    std::vector<double> seconds;  // of each, by the device's own clock
    /// Operations of one run that were saved by Winograd's passes (on a CPU).
    double saved_operations = 0;
};

/// The trace, where the flags name a file, is of these runs.
TimedRuns time_model(MicroDualNet& model, const TraceInput& input, const BenchOptions& options,
                     const ProfileTraceFlags& trace = {});

/// What kernels do, and for which modules, in `repeats` such runs together; of a training step,
/// without the batch's coming up.
KernelProfile profile_model(MicroDualNet& model, const TraceInput& input,
                            const BenchOptions& options);

/// Multiply-adds of registers only, on all threads, in GFLOP/s: what no program can exceed.
double measure_fma_peak();
/// Its work in one thread: multiply-adds of vectors, of so many rounds, in chains that do not wait
/// for each other; what each chain comes to.
std::vector<float> multiply_add_chains(int64_t rounds);
/// The engine's product of two square matrices, in GFLOP/s: of side 1024, on a GPU up to 8192 and
/// with factors of the activations' dtype.
double measure_gemm_peak(Device device, DType activations);
/// Bytes read and written by a large copy, in GB/s.
double measure_copy_bandwidth(Device device);
/// The most memory this process ever held, bytes.
int64_t peak_resident_bytes();

}  // namespace mdn
