#include "train/batch_hint.h"

#include <algorithm>

#include "engine/allocator.h"
#include "train/progress.h"

namespace mdn {

namespace {

/// What is not in the estimate: the workspaces of single kernels, and room that segments waste.
int64_t usable(int64_t available) { return available - available / 20 - (int64_t{64} << 20); }

int64_t bytes_for(const BatchWork& batch, int64_t clips, DType activations) {
    clips = std::min<int64_t>(clips * batch.views, 4096);
    if (!batch.trained_with) return estimate_forward_memory(batch.config, clips, activations);
    return estimate_training_memory(batch.config, clips, *batch.trained_with, activations).peak;
}

/// The most clips, fewer than those of the batch, that should fit; 0 if not even one does.
int64_t clips_that_fit(const BatchWork& batch, int64_t available, DType activations) {
    int64_t clips = batch.clips - 1;
    while (clips > 0 && bytes_for(batch, clips, activations) > usable(available)) --clips;
    return clips;
}

std::string hint_for(const BatchWork& batch) {
    const int64_t available = allocator(batch.machine.device).available_bytes();
    const bool on_gpu = batch.machine.device == Device::cuda;
    if (available == 0) return batch.clips > 1 ? "use a smaller batch" : "";
    const DType activations = batch.machine.activations();
    const std::string needed =
        (batch.clips == 1 ? "one clip needs about "
                          : std::to_string(batch.clips) + " clips need about ") +
        bytes_text(bytes_for(batch, batch.clips, activations)) + "; ";
    if (const int64_t clips = clips_that_fit(batch, available, activations); clips > 0) {
        const std::string count = std::to_string(clips);
        return needed +
               (batch.option.empty() ? count + (clips == 1 ? " clip" : " clips") + " at a time"
                                     : batch.option + " " + count) +
               " should fit";
    }
    if (on_gpu && batch.offers_bf16 && activations == DType::f32 &&
        bytes_for(batch, batch.clips, DType::bf16) <= usable(available))
        return needed + "--precision bf16 should fit";
    return needed + bytes_text(available) + " is too little for any batch of this model" +
           (on_gpu ? ": free the GPU's memory, or run with --device cpu" : "");
}

}  // namespace

void with_batch_hint(const BatchWork& batch, const std::function<void()>& work) {
    try {
        work();
    } catch (const OutOfMemory& error) {
        throw OutOfMemory(error.what(), hint_for(batch));
    }
}

}  // namespace mdn
