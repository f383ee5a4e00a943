// Loads the model that a command's flags name, and finds how clips are read for it.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "data/clip.h"
#include "engine/files/safetensors.h"
#include "model/micro_dualnet.h"
#include "train/settings/flags.h"

namespace mdn {

struct LoadedModel {
    std::unique_ptr<MicroDualNet> model;
    SafetensorsFile stored;  // its tensors dropped: metadata and path
};

/// Gives a config that does not name `classes` as many as the dataset has; throws Error naming both
/// numbers if it names another. Throws as read_class_names does.
void take_classes_of(const std::string& dataset, Config& config);

/// A new model on that machine; without a seed, one whose parameters are to be loaded. Throws
/// OutOfMemory if its parameters do not fit.
std::unique_ptr<MicroDualNet> make_model(const Config& config, std::optional<uint64_t> seed,
                                         const MachineFlags& machine);

/// Reads `flags.weights` (which must be given) and builds the model they belong to; says on
/// `notes` what was loaded and what was not, and warns where the config that was asked for is not
/// the one that the weights were trained with. `dataset` is the folder whose clips the model is
/// shown, or empty: throws Error if its classes are not those of the model (check_class_count,
/// check_classes), and warns of classes that have other names there.
LoadedModel load_model(const ModelFlags& flags, const MachineFlags& machine,
                       const std::string& dataset, std::ostream& notes);

/// The first setting in which a config that a checkpoint holds (JSON) differs from another one:
/// `  "paths": "dual", instead of  "paths": "st",`. Empty if none but the preset's name does.
std::string config_difference(const std::string& stored, const std::string& path,
                              const Config& config);

/// As load_model() where `flags.weights` is given. Otherwise a model of --config or --preset, or of
/// the preset tiny, with the initial weights of `seed`; it has the classes of the dataset, unless
/// `dataset` is empty. `notes` says which it is.
LoadedModel load_or_initialize_model(ModelFlags flags, const MachineFlags& machine, int64_t seed,
                                     const std::string& dataset, std::ostream& notes);

/// The names of the model's classes: from the dataset that it was loaded for, unless that is empty,
/// else from the run that wrote the weights, else none.
std::vector<std::string> class_names(const LoadedModel& loaded, const std::string& dataset);

/// Which of a clip's files this model reads.
ClipNeeds clip_needs(const Config& config);

/// How clips are read for this model: the few numbers that the data path is told.
ClipOptions clip_options(const Config& config, Sampling sampling, int64_t cache_bytes = 0);

/// What the model is shown of clips that were read so.
Inputs model_inputs(const ClipTensors& clips);

/// `x` itself if it lives there already.
Tensor on_device(const Tensor& x, Device device);
Inputs on_device(const Inputs& inputs, Device device);

}  // namespace mdn
