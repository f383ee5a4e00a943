// Weights in and out of files, and all that a run needs to go on where it stopped.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/files/safetensors.h"
#include "engine/optim.h"
#include "engine/parameters.h"

namespace mdn {

/// With which the names of the optimizer's tensors begin.
inline constexpr const char* optimizer_prefix = "optimizer.";

/// Keys of a checkpoint's metadata.
inline constexpr const char* metadata_config = "config";        // JSON
inline constexpr const char* metadata_classes = "class_names";  // one a line
inline constexpr const char* metadata_data = "data";            // dataset folder
inline constexpr const char* metadata_init = "init_crc32";      // of the weights it began with
inline constexpr const char* metadata_step = "position.step";
inline constexpr const char* metadata_events = "tensorboard";   // folder of the run's event files
inline constexpr const char* metadata_precision = "precision";  // of the activations' arithmetic

/// What became of the tensors of a file.
struct LoadReport {
    std::string path;
    std::string part = {};  // with which the names began that were asked for
    int64_t loaded = 0;
    int64_t batch_counters = 0;  // num_batches_tracked, which PyTorch's batch norm stores
    int64_t optimizer = 0;       // state of the optimizer, which a run's checkpoints hold
    int64_t outside = 0;         // other keys that the model does not have, or were not asked for

    /// One line for the user.
    std::string message() const;
};

/// Overwrites every parameter and running statistic with the file's tensor of its name. Nothing is
/// changed unless all fit: throws Error naming the first tensor, in the model's order, that is
/// missing or has another shape, with both shapes, or holds numbers that check_numbers() refuses.
/// With `part` ("backbone."), only those whose names begin with it are asked for and overwritten.
LoadReport load_weights(const ParameterStore& parameters, const SafetensorsFile& file,
                        const std::string& part = "");

/// Tells weights from others: CRC-32 (8 hexadecimal digits) of the names and numbers of the tensors
/// whose names begin with `part`.
std::string weights_digest(const SafetensorsFile& file, const std::string& part = "");

/// Every parameter and running statistic as a CPU tensor in its layout on disk.
std::vector<std::pair<std::string, Tensor>> weights_to_disk(const ParameterStore& parameters);

/// Where a run stands. With the weights, the running statistics and the optimizer's state this
/// decides everything that follows: the schedule is a function of `step`, dropout of
/// (seed, step), order and augmentation of (seed, epoch, clip).
struct Position {
    int64_t epoch = 0;  // under way, from 0
    int64_t batch = 0;  // done in this epoch
    int64_t step = 0;   // updates made in all
    int64_t best_epoch = -1;
    double best_top1 = -1;  // percent
    int64_t log_bytes = 0;  // length of the log that belongs to this state
    // Of the epoch under way: sums over its clips.
    double loss = 0, loss_ce = 0, loss_mac = 0;
    int64_t clips = 0, without_person = 0;
};

/// Writes one file atomically: weights, optimizer state, position and `metadata`.
void save_checkpoint(const std::string& path, const ParameterStore& parameters,
                     const Optimizer& optimizer, const Position& position,
                     std::map<std::string, std::string> metadata);

/// The position that a checkpoint's metadata hold. Throws Error naming `path` if it holds weights
/// only.
Position read_position(const std::map<std::string, std::string>& metadata, const std::string& path);

/// Restores the optimizer and returns the position; load_weights restores the rest. Throws Error
/// naming the file if it holds weights only, and the tensor if its numbers are not finite.
Position load_training_state(Optimizer& optimizer, const SafetensorsFile& file);

}  // namespace mdn
