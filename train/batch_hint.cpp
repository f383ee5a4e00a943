#include "train/batch_hint.h"

#include <algorithm>

#include "engine/allocator.h"
#include "train/host_memory.h"
#include "train/output/progress.h"

namespace mdn {

namespace {

/// What is not in the estimate: the workspaces of single kernels, and room that segments waste.
int64_t usable(int64_t available) { return available - available / 20 - (int64_t{64} << 20); }

int64_t bytes_for(const BatchWork& batch, int64_t clips, DType activations) {
    clips = std::min<int64_t>(clips * batch.views, 4096);
    if (!batch.trained_with) return estimate_forward_memory(batch.config, clips, activations);
    return estimate_training_memory(batch.config, clips, *batch.trained_with, activations,
                                    batch.recompute)
        .peak;
}

constexpr const char* fewer_views = "average fewer views with --clips and --crops";

/// Weights belong to one model; where training starts, a preset can be another.
std::string smaller_model(const BatchWork& batch) {
    const bool any_preset = batch.trained_with && !batch.option.empty();
    return std::string("close other programs, or take a smaller model") +
           (any_preset ? ", such as --preset tiny" : "");
}

/// The most clips, fewer than those of the batch, that should fit; 0 if not even one does.
int64_t clips_that_fit(const BatchWork& batch, int64_t available, DType activations) {
    int64_t clips = batch.clips - 1;
    while (clips > 0 && bytes_for(batch, clips, activations) > usable(available)) --clips;
    return clips;
}

/// Whether the whole batch should fit with --recompute, which it does without.
bool fits_recomputed(const BatchWork& batch, int64_t available) {
    if (!batch.offers_recompute || batch.recompute == Recompute::convolutions) return false;
    BatchWork recomputed = batch;
    recomputed.recompute = Recompute::convolutions;
    return bytes_for(recomputed, batch.clips, batch.machine.activations()) <= usable(available);
}

/// What would fit into so much memory.
std::string advice(const BatchWork& batch, int64_t available) {
    const bool on_gpu = batch.machine.device == Device::cuda;
    const DType activations = batch.machine.activations();
    const bool recomputed = fits_recomputed(batch, available);
    const std::string with_recompute = "--recompute, which takes more time";
    if (const int64_t clips = clips_that_fit(batch, available, activations); clips > 0) {
        const std::string count = std::to_string(clips);
        return (recomputed ? with_recompute + ", or " : "") +
               (batch.option.empty() ? count + (clips == 1 ? " clip" : " clips") + " at a time"
                                     : batch.option + " " + count) +
               " should fit";
    }
    if (recomputed) return with_recompute + ", should fit";
    if (on_gpu && batch.offers_bf16 && activations == DType::f32 &&
        bytes_for(batch, batch.clips, DType::bf16) <= usable(available))
        return "--precision bf16 should fit";
    if (batch.views > 1) {
        BatchWork one = batch;
        one.clips = one.views = 1;
        if (bytes_for(one, 1, activations) <= usable(available)) return fewer_views;
    }
    return bytes_text(available) + " is too little for " +
           (batch.option.empty() ? "this model" : "any batch of this model") + ": " +
           (on_gpu ? "free the GPU's memory, or run with --device cpu" : smaller_model(batch));
}

/// Where the device does not say how much it has: what there is less of to ask for.
std::string blind_advice(const BatchWork& batch) {
    const std::string fewer =
        batch.clips == 1
            ? ""
            : (batch.option.empty() ? "give fewer clips" : "lower " + batch.option) + ", or ";
    return fewer + (batch.views > 1 ? std::string(fewer_views) + ", or " : "") +
           smaller_model(batch);
}

std::string hint_for(const BatchWork& batch) {
    const int64_t available = allocator(batch.machine.device).available_bytes();
    if (available == 0) return blind_advice(batch);
    return (batch.clips == 1 ? "one clip needs about "
                             : std::to_string(batch.clips) + " clips need about ") +
           bytes_text(bytes_for(batch, batch.clips, batch.machine.activations())) + "; " +
           advice(batch, available);
}

}  // namespace

int64_t available_memory(Device device) {
    return device == Device::cpu ? available_host_memory() : allocator(device).available_bytes();
}

std::optional<MemoryWarning> memory_warning(const BatchWork& batch, int64_t available) {
    const int64_t needed = bytes_for(batch, batch.clips, batch.machine.activations());
    if (available == 0 || needed <= available) return std::nullopt;
    return MemoryWarning{"a step of " + std::to_string(batch.clips) +
                             (batch.clips == 1 ? " clip" : " clips") + " takes about " +
                             bytes_text(needed) + " of memory, but " + bytes_text(available) +
                             " are free",
                         advice(batch, available)};
}

void with_batch_hint(const BatchWork& batch, const std::function<void()>& work) {
    try {
        work();
    } catch (const OutOfMemory& error) {
        throw OutOfMemory(error.what(), hint_for(batch));
    }
}

}  // namespace mdn
