// Where a device's time goes: the calls of the kernel contract, timed and grouped by what they do
// and by the module that they do it for.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/kernels.h"
#include "engine/module_scope.h"

namespace mdn {

/// All calls of one family of kernels.
struct KernelFamily {
    std::string name;            // "convolution forward"
    int64_t calls = 0;           // of the contract
    int64_t launches = 0;        // of a GPU's kernels, cuBLAS's products included
    double seconds = 0;          // by the device's clock
    double product_seconds = 0;  // of them in cuBLAS
    double bytes = 0;            // of the tensors given, each read or written once: the least
    double operations = 0;       // two a multiply-add; 0 for what is not products
};

/// The family of the time during which no call was under way: what it takes to start them.
inline constexpr const char* between_calls = "between calls";

/// All calls for one module, in its forward or its backward pass.
struct ModuleWork {
    ModuleName module;  // the innermost, "backbone.layer1.0.conv1"; "" for work outside of all
    Pass pass;
    int64_t calls = 0;  // as KernelFamily's, and so are the others
    int64_t launches = 0;
    double seconds = 0;
    double bytes = 0;
    double operations = 0;
};

struct KernelProfile {
    std::vector<KernelFamily> families;  // longest first
    /// In the order in which they were under way first. Their seconds are those of calls.
    std::vector<ModuleWork> modules;
};

/// Calls work() on this thread and returns what the device's kernels did meanwhile.
/// Calls that kernels make themselves (casts of weights) count in their own family only. All
/// seconds together are those from the first call to the last. What was recorded before and is
/// replayed is not seen.
KernelProfile profile_kernels(Device device, const std::function<void()>& work);
/// The same of `runs` replays of work(), which must be fit for record_work(): the host takes no
/// part, and short kernels are not charged with its time. On a device that cannot record, of as
/// many calls.
KernelProfile profile_replays(Device device, const std::function<void()>& work, int64_t runs);

/// While a profile is taken, the kernels that stand before the device's own; null otherwise.
Kernels* profiling_kernels(Device device);

}  // namespace mdn
