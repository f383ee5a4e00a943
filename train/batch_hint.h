// What to do when a batch does not fit into the device's memory.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "model/config.h"
#include "model/summary.h"
#include "train/settings/flags.h"

namespace mdn {

/// A batch, and what the model does with it.
struct BatchWork {
    const Config& config;
    const MachineFlags& machine;
    int64_t clips;
    std::optional<OptimizerKind> trained_with = std::nullopt;  // none: a forward pass only
    Recompute recompute = Recompute::outputs;                  // if it is trained
    bool offers_recompute = false;                             // the command has --recompute
    int64_t views = 1;                                         // of each clip, all at a time
    bool offers_bf16 = true;                                   // the command has --precision
    std::string option = "--batch";  // by which the user says how many clips; empty: the input does
};

/// Bytes that a device, or for the CPU the machine, can still hand out; 0 where it does not say.
int64_t available_memory(Device device);

struct MemoryWarning {
    std::string text;  // with what the batch takes and what is free
    std::string hint;  // which batch should fit
};

/// For before the work: nothing if the batch should fit into so much memory, or 0 stands for not
/// knowing it.
std::optional<MemoryWarning> memory_warning(const BatchWork& batch, int64_t available);

/// Calls work(). When it runs out of memory, throws the Error again with a hint that says which
/// batch should fit, as far as the device tells how much memory it has, and otherwise what the
/// command can be asked for less of: of one clip, nothing.
void with_batch_hint(const BatchWork& batch, const std::function<void()>& work);

}  // namespace mdn
