// The statistics that every allocator keeps.
#pragma once

#include <algorithm>
#include <mutex>

#include "engine/allocator.h"

namespace mdn {

class CountingAllocator : public Allocator {
  public:
    explicit CountingAllocator(const SystemMemory& system) : system_(system) {}

    AllocatorStats stats() const override {
        const std::lock_guard lock(mutex_);
        return stats_;
    }

    int64_t available_bytes() const override {
        const std::lock_guard lock(mutex_);
        return system_.free_bytes ? stats_.reserved_bytes + system_.free_bytes() : 0;
    }

    void reset_peak() override {
        const std::lock_guard lock(mutex_);
        stats_.peak_used_bytes = stats_.used_bytes;
    }

  protected:
    /// With the mutex held: `bytes` were handed out, or came back if negative.
    void count_used(int64_t bytes) {
        stats_.used_bytes += bytes;
        stats_.peak_used_bytes = std::max(stats_.peak_used_bytes, stats_.used_bytes);
    }
    /// Likewise: a segment came from the system, or went back to it if negative.
    void count_segment(int64_t bytes) {
        stats_.reserved_bytes += bytes;
        if (bytes > 0) ++stats_.system_allocations;
    }

    const SystemMemory system_;
    mutable std::mutex mutex_;
    AllocatorStats stats_;
};

}  // namespace mdn
