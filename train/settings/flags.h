// The options that commands share: which model to run, on which device, and on how many views.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/clip.h"
#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "train/output_paths.h"
#include "train/settings/command_line.h"

namespace mdn {

/// How a GPU computes: with float32, its TF32 products, or bfloat16 activations.
enum class Precision { f32, tf32, bf16 };
inline const Choices<Precision> precisions = {
    {"f32", Precision::f32}, {"tf32", Precision::tf32}, {"bf16", Precision::bf16}};

/// Where, how precisely and with how many threads a command computes.
struct MachineFlags {
    Device device = Device::cpu;
    Precision precision = Precision::f32;
    bool no_recording = false;  // of steps and forward passes as CUDA graphs
    int64_t threads = 0;        // 0: as many as the machine offers

    /// --device and --threads; the others where a command has a use for them.
    void declare(CommandLine& options);
    void declare_precision(CommandLine& options);
    void declare_recording(CommandLine& options);
    /// Sets the number of threads and the precision of products for what follows in this process.
    /// Throws Error if the device is missing or cannot compute so.
    void apply() const;
    /// As --precision has it.
    std::string precision_text() const;
    DType activations() const { return precision == Precision::bf16 ? DType::bf16 : DType::f32; }
    /// Sets the precision of a model's activations.
    void prepare(MicroDualNet& model) const;
};

struct ModelFlags {
    std::string config;   // path of a JSON file
    std::string preset;   // or the name of a preset
    std::string weights;  // path of a safetensors file

    void declare(CommandLine& options, const std::string& weights_help);
    /// For a command whose model has the initial parameters of its option --seed without --weights.
    void declare_or_initial(CommandLine& options);
    /// The files that the model comes from, and `others`: what a command must not write over.
    std::vector<NamedPath> inputs_with(std::vector<NamedPath> others) const;
    /// From --config, else --preset, else what `weights` was trained with. A config or preset that
    /// does not name `classes` has those of `stored`. Throws Error if none of them says, or both
    /// --config and --preset are given.
    Config resolve(const SafetensorsFile* stored) const;
};

/// Whether a command records when each thread did what (train/output/profile_trace.h).
struct ProfileTraceFlags {
    std::string file;  // empty: it does not
    int64_t steps = 20;

    /// --profile-trace and --profile-steps; `step` is what counts as one: "steps", "batches".
    void declare(CommandLine& options, const std::string& step);
    /// Throws Error if the number of steps is given without a file.
    void check(const CommandLine& options) const;
    /// A replayed CUDA graph hides its kernels, so nothing is recorded as one.
    void prepare(MachineFlags& machine) const {
        if (!file.empty()) machine.no_recording = true;
    }
};

/// How many views of a clip a command averages over.
struct ViewFlags {
    int64_t clips = 1;  // temporal samplings
    int64_t crops = 1;  // of each

    /// --clips and --crops.
    void declare(CommandLine& options);
    /// Sets the views of `clips`, as test-time reading has them. Throws Error for 2 crops.
    void apply(ClipOptions& clips) const;
};

}  // namespace mdn
