// Caching memory allocator: after a warm-up step, a training step asks the system for nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/tensor.h"

namespace mdn {

struct AllocatorStats {
    int64_t system_allocations = 0;  // segments ever requested from the system
    int64_t reserved_bytes = 0;      // held from the system now
    int64_t used_bytes = 0;          // handed out now
    int64_t peak_used_bytes = 0;     // the most ever handed out at once
};

/// Where segments come from and go back to.
struct SystemMemory {
    void* (*allocate)(int64_t bytes);  // 64-byte aligned; null when there is no more
    void (*release)(void* segment);
    int64_t (*free_bytes)() = nullptr;  // what the system still has, for messages
    bool guard_blocks = false;  // under AddressSanitizer, a gap behind each block that it watches
    /// Makes the newest segment longer by so many bytes where it lies; false where that cannot be.
    /// Null where no segment ever grows.
    bool (*grow)(int64_t bytes) = nullptr;
};

/// Best fit with splitting and coalescing over large segments that are kept until exit or
/// release_cached(). Blocks are 64-byte aligned. Thread-safe.
class Allocator {
  public:
    virtual ~Allocator() = default;
    /// Throws Error, naming what was asked and what is held, when memory runs out even after
    /// release_cached().
    virtual void* allocate(int64_t bytes) = 0;
    virtual void release(void* block) = 0;
    /// Returns wholly free segments to the system.
    virtual void release_cached() = 0;
    /// While held (calls count), no segment goes back to the system: recorded work will run again
    /// on blocks that are free by now.
    virtual void hold_segments(bool hold) = 0;
    virtual AllocatorStats stats() const = 0;
    /// What could be handed out in all: held now, plus free in the system. 0 where the system does
    /// not say.
    virtual int64_t available_bytes() const = 0;
    virtual void reset_peak() = 0;

    /// Memory of the device that tensors do not share: uploads on their way, a library's workspace.
    /// Its owners tell, by how much it has grown.
    void count_outside(int64_t bytes) { outside_bytes_ += bytes; }
    int64_t outside_bytes() const { return outside_bytes_; }

  private:
    std::atomic<int64_t> outside_bytes_ = 0;
};

/// An allocator over the given memory, for devices and tests. What it still holds when it is
/// destroyed goes back to the system.
std::unique_ptr<Allocator> caching_allocator(const SystemMemory& system);

/// Every block a segment of its own, as long as was asked: slow, but whoever watches the system's
/// memory sees where each tensor ends. A GPU's tensors come from it where MDN_EXACT_ALLOCATIONS=1
/// is in the environment.
std::unique_ptr<Allocator> exact_allocator(const SystemMemory& system);

/// The allocator of a device, which all tensors there use; throws Error with how to get the device
/// when this build has none.
Allocator& allocator(Device device);

}  // namespace mdn
