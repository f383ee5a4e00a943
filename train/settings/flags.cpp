#include "train/settings/flags.h"

#include "engine/kernels.h"
#include "engine/threads.h"
#include "train/checkpoints/checkpoint.h"

namespace mdn {

void MachineFlags::declare(CommandLine& options) {
    options.choice("--device", device,
                   Choices<Device>{{"cpu", Device::cpu}, {"cuda", Device::cuda}},
                   "where to compute");
    options.integer("--threads", threads, 0, 1024,
                    "threads to compute with; 0: as many as the machine offers");
}

void MachineFlags::declare_precision(CommandLine& options) {
    options.choice("--precision", precision, precisions,
                   "on a GPU: float32, products in TF32, or activations in bfloat16");
}

void MachineFlags::declare_recording(CommandLine& options) {
    options.flag("--no-cuda-graph", no_recording,
                 "on a GPU: launch every kernel by itself instead of recording steps or passes as "
                 "CUDA graphs");
}

std::string MachineFlags::precision_text() const {
    for (const auto& [text, choice] : precisions)
        if (choice == precision) return text;
    return "";
}

void MachineFlags::apply() const {
    if (threads > 0) set_threads(threads);
    if (device == Device::cpu && precision != Precision::f32)
        throw Error("--precision other than f32 is for a GPU: the CPU computes in f32 only",
                    "give --device cuda beside it");
    Kernels& chosen = kernels(device);  // complains where there is no GPU
    if (precision == Precision::tf32) chosen.allow_tf32();
}

void MachineFlags::prepare(MicroDualNet& model) const {
    if (precision == Precision::bf16) model.compute_in(DType::bf16);
}

namespace {

/// How many classes a file's classifier tells apart; `otherwise` where it has none.
int64_t classes_of(const SafetensorsFile& stored, int64_t otherwise) {
    for (const auto& [name, tensor] : stored.tensors)
        if (name == "classifier.fc2.weight" && tensor.rank() == 2) return tensor.shape()[0];
    return otherwise;
}

}  // namespace

void ModelFlags::declare(CommandLine& options, const std::string& weights_help) {
    options.text("--config", config, "FILE",
                 "JSON file that describes the model (docs/SPEC.md section 8)");
    options.reads("--config");
    Choices<std::string> presets;
    for (const std::string& name : preset_names()) presets.emplace_back(name, name);
    options.choice("--preset", preset, presets, "a model that needs no file: tiny suits a laptop");
    if (weights_help.empty()) return;
    options.text("--weights", weights, "FILE", weights_help);
    options.reads("--weights");
}

void ModelFlags::declare_or_initial(CommandLine& options) {
    declare(options,
            "safetensors file with the model's parameters; without it they are the initial ones of "
            "--seed, by default of --preset tiny");
}

std::vector<NamedPath> ModelFlags::inputs_with(std::vector<NamedPath> others) const {
    others.insert(others.begin(), {{"--weights", weights}, {"--config", config}});
    return others;
}

Config ModelFlags::resolve(const SafetensorsFile* stored) const {
    if (!config.empty() && !preset.empty())
        throw Error("--config and --preset cannot both be given",
                    "a config file names its preset itself: {\"preset\": \"" + preset + "\", ...}");
    if (!config.empty() || !preset.empty()) {
        Config chosen = config.empty() ? preset_config(preset) : load_config(config);
        if (stored && !chosen.names_classes) chosen.classes = classes_of(*stored, chosen.classes);
        return chosen;
    }
    if (stored) {
        const auto found = stored->metadata.find(metadata_config);
        if (found != stored->metadata.end())
            return parse_config(found->second, stored->path + " (its config)");
        throw Error("--weights " + stored->path + " does not say which config it belongs to",
                    "give --config or --preset");
    }
    throw Error("no model given", "give --config or --preset");
}

void ProfileTraceFlags::declare(CommandLine& options, const std::string& step) {
    options.text("--profile-trace", file, "FILE",
                 "write when each thread did what, for ui.perfetto.dev or chrome://tracing (JSON)");
    options.integer("--profile-steps", steps, 1, 1'000'000,
                    "with --profile-trace: how many " + step + " to record");
}

void ProfileTraceFlags::check(const CommandLine& options) const {
    if (file.empty() && options.given("--profile-steps"))
        throw Error("--profile-steps has no effect without --profile-trace",
                    "give --profile-trace FILE");
}

void ViewFlags::declare(CommandLine& options) {
    options.integer("--clips", clips, 1, 64,
                    "temporal samplings of every clip to average over; 2: twice_sample of TSM");
    options.integer(
        "--crops", crops, 1, 3,
        "crops to average over; 1: the centre; 3: also both ends of the frame's longer side");
}

void ViewFlags::apply(ClipOptions& options) const {
    if (crops == 2) throw Error("--crops must be 1 or 3, not 2");
    options.samplings = clips;
    options.crops = crops;
}

}  // namespace mdn
