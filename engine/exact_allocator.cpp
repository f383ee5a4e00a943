// The allocator for tools that watch the system's memory (compute-sanitizer): they know where a
// segment ends, not where a tensor does.
#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/allocator.h"

namespace mdn {

namespace {

class ExactAllocator final : public Allocator {
  public:
    explicit ExactAllocator(const SystemMemory& system) : system_(system) {}
    ~ExactAllocator() override {
        for (const auto& [block, bytes] : sizes_) system_.release(block);
    }

    void* allocate(int64_t bytes) override {
        bytes = std::max<int64_t>(bytes, 1);
        const std::lock_guard lock(mutex_);
        void* const block = system_.allocate(bytes);
        if (!block)
            throw OutOfMemory("out of memory: asked the system for " + std::to_string(bytes) +
                                  " bytes while holding " + std::to_string(stats_.reserved_bytes),
                              "use a smaller batch");
        sizes_[block] = bytes;
        ++stats_.system_allocations;
        stats_.reserved_bytes += bytes;
        stats_.used_bytes += bytes;
        stats_.peak_used_bytes = std::max(stats_.peak_used_bytes, stats_.used_bytes);
        return block;
    }

    void release(void* block) override {
        const std::lock_guard lock(mutex_);
        stats_.used_bytes -= sizes_.at(block);
        held_.push_back(block);
        if (holds_ == 0) release_held();
    }

    void release_cached() override {}

    void hold_segments(bool hold) override {
        const std::lock_guard lock(mutex_);
        holds_ += hold ? 1 : -1;
        if (holds_ == 0) release_held();
    }

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

  private:
    void release_held() {
        for (void* const block : held_) {
            stats_.reserved_bytes -= sizes_.at(block);
            sizes_.erase(block);
            system_.release(block);
        }
        held_.clear();
    }

    const SystemMemory system_;
    mutable std::mutex mutex_;
    int64_t holds_ = 0;
    std::map<void*, int64_t> sizes_;
    std::vector<void*> held_;  // released; recorded work may run on them
    AllocatorStats stats_;
};

}  // namespace

std::unique_ptr<Allocator> exact_allocator(const SystemMemory& system) {
    return std::make_unique<ExactAllocator>(system);
}

}  // namespace mdn
