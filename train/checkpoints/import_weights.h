// Weights of other projects brought into this model.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "model/micro_dualnet.h"
#include "train/checkpoints/checkpoint_file.h"

namespace mdn {

/// Is told how many of how many are done.
using CountDone = std::function<void(int64_t done, int64_t total)>;

/// Names that begin alike, "sem.*", and how many there are.
using NameGroups = std::map<std::string, int64_t>;

struct ImportReport {
    std::string path, container;
    std::string family, prefix;       // whose names, and what came before them
    bool own = false;                 // the names are this model's own
    bool averaged = false;            // the prefix says that the weights are averages of others
    std::vector<std::string> others;  // other networks in the file, by their prefixes
    bool shifts_named = false;        // whether the names say which blocks are shifted
    int64_t in_file = 0;              // tensors
    std::string class_names;          // one a line, if a classifier of known classes was taken
    int64_t taken_numbers = 0;
    NameGroups taken, initial;               // by our names
    NameGroups ignored;                      // by theirs
    int64_t counters = 0;                    // num_batches_tracked
    std::vector<std::string> misfits;        // tensors of ours whose shape is another config's
    std::map<std::string, int64_t> skipped;  // objects that are not tensors

    /// For people: what was taken, what was ignored, what kept its initial value.
    void print(std::ostream& out) const;
};

/// Overwrites the parameters and running statistics that the checkpoint has, under any of the names
/// that find_name_places knows, and leaves the rest. `prefix` is what comes before the names that
/// are meant, or the beginning of it; "." means the names without any, "" the one place that fits
/// (averaged weights where no others do). Nothing is changed unless all that is taken fits: throws
/// Error naming the file and the tensor or the block at fault for a backbone of another kind,
/// depth, width or shift spacing, one that lacks tensors, several that fit and differ, numbers that
/// check_numbers() refuses, and convolutions of nothing but zeros. `checksums`: what is done with
/// those of safetensors files. `read_so_far` counts readings; every tensor is read twice, first to
/// be checked.
ImportReport import_weights(const ParameterStore& parameters, const Config& config,
                            const std::string& path, const std::string& prefix = "",
                            Checksums checksums = Checksums::compared,
                            const CountDone& read_so_far = {});

}  // namespace mdn
