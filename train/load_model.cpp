#include "train/load_model.h"

#include <sstream>

#include "data/entity_joints.h"
#include "model/pose_encoder.h"
#include "train/batch_hint.h"
#include "train/checkpoints/checkpoint.h"
#include "train/checkpoints/checkpoint_file.h"
#include "train/checkpoints/trained_classes.h"

namespace mdn {

static_assert(entity_joint_slots == joints_per_entity);  // what data fills, the model reads

void take_classes_of(const std::string& dataset, Config& config) {
    const int64_t classes = read_class_names(dataset).count();
    if (config.names_classes)
        check_class_count(config.classes, classes, dataset);
    else
        config.classes = classes;
}

std::unique_ptr<MicroDualNet> make_model(const Config& config, std::optional<uint64_t> seed,
                                         const MachineFlags& machine) {
    std::unique_ptr<MicroDualNet> model;
    with_batch_hint(
        {.config = config, .machine = machine, .clips = 1, .offers_bf16 = false, .option = ""},
        [&] { model = std::make_unique<MicroDualNet>(config, seed, DType::f32, machine.device); });
    machine.prepare(*model);
    return model;
}

std::string config_difference(const std::string& stored, const std::string& path,
                              const Config& config) {
    // Read and written again, so that a key that was not there yet has its default.
    std::istringstream was(to_json(parse_config(stored, path)));
    std::istringstream now(to_json(config));
    for (std::string before, after; std::getline(was, before) && std::getline(now, after);)
        if (before != after && before.find("\"preset\"") == std::string::npos)
            return before.append(" instead of").append(after);
    return "";
}

LoadedModel load_model(const ModelFlags& flags, const MachineFlags& machine,
                       const std::string& dataset, std::ostream& notes) {
    LoadedModel loaded{nullptr, read_weights(flags.weights)};
    const Config config = flags.resolve(&loaded.stored);
    std::string other_names;
    if (!dataset.empty()) {
        const ClassNames classes = read_class_names(dataset);
        check_class_count(config.classes, classes.count(), dataset);
        other_names = check_classes(loaded.stored, classes.names, dataset);
    }
    loaded.model = make_model(config, std::nullopt, machine);
    notes << load_weights(loaded.model->parameters(), loaded.stored).message() << "\n";
    loaded.stored.tensors.clear();
    if (!other_names.empty()) notes << "warning: " << other_names << "\n";
    const auto trained = loaded.stored.metadata.find(metadata_config);
    if (trained == loaded.stored.metadata.end()) return loaded;
    const std::string difference = config_difference(trained->second, flags.weights, config);
    if (!difference.empty())
        notes << "warning: these weights were trained with another config: it had" << difference
              << "\n";
    return loaded;
}

LoadedModel load_or_initialize_model(ModelFlags flags, const MachineFlags& machine, int64_t seed,
                                     const std::string& dataset, std::ostream& notes) {
    if (!flags.weights.empty()) return load_model(flags, machine, dataset, notes);
    if (flags.config.empty() && flags.preset.empty()) flags.preset = "tiny";
    Config config = flags.resolve(nullptr);
    if (!dataset.empty()) take_classes_of(dataset, config);
    notes << "no --weights: " << (flags.config.empty() ? "preset " + flags.preset : flags.config)
          << " with the initial weights of --seed " << seed << ", which no training has changed\n";
    return {make_model(config, static_cast<uint64_t>(seed), machine), {}};
}

std::vector<std::string> class_names(const LoadedModel& loaded, const std::string& dataset) {
    return dataset.empty() ? trained_classes(loaded.stored) : read_class_names(dataset).names;
}

ClipNeeds clip_needs(const Config& config) {
    return {.frames = config.has_frames(), .keypoints = config.regions == Regions::keypoints};
}

ClipOptions clip_options(const Config& config, Sampling sampling, int64_t cache_bytes) {
    ClipOptions options{.frames = config.frames,
                        .size = config.size,
                        .entities = {},
                        .input = config.has_frames() ? ClipInput::frames : ClipInput::joints,
                        .boxes = BoxSource::keypoints,
                        .sampling = sampling,
                        .cache_bytes = cache_bytes};
    for (const std::string& name : config.entities)
        options.entities.push_back(entity_from_name(name));
    if (config.regions == Regions::fixed) options.boxes = BoxSource::fixed;
    if (config.regions == Regions::none) options.boxes = BoxSource::whole_frame;
    return options;
}

Inputs model_inputs(const ClipTensors& clips) {
    return {.frames = clips.frames, .boxes = clips.boxes, .joints = clips.joints};
}

Tensor on_device(const Tensor& x, Device device) {
    return !x.defined() || x.device() == device ? x : x.to(device);
}

Inputs on_device(const Inputs& inputs, Device device) {
    return inputs.each([&](const Tensor& x) { return on_device(x, device); });
}

}  // namespace mdn
