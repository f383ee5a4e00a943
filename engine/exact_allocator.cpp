// The allocator for tools that watch the system's memory (compute-sanitizer): they know where a
// segment ends, not where a tensor does.
#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/counting_allocator.h"

namespace mdn {

namespace {

class ExactAllocator final : public CountingAllocator {
  public:
    using CountingAllocator::CountingAllocator;
    ~ExactAllocator() override {
        for (const auto& [block, bytes] : sizes_) system_.release(block);
    }

    void* allocate(int64_t bytes) override {
        bytes = std::max<int64_t>(bytes, 1);
        const std::lock_guard lock(mutex_);
        void* const block = system_.allocate(bytes);
        if (!block)
            throw OutOfMemory("out of memory: asked the system for " + std::to_string(bytes) +
                              " bytes while holding " + std::to_string(stats_.reserved_bytes));
        sizes_[block] = bytes;
        count_segment(bytes);
        count_used(bytes);
        return block;
    }

    void release(void* block) override {
        const std::lock_guard lock(mutex_);
        count_used(-sizes_.at(block));
        held_.push_back(block);
        if (holds_ == 0) release_held();
    }

    void release_cached() override {}

    void hold_segments(bool hold) override {
        const std::lock_guard lock(mutex_);
        holds_ += hold ? 1 : -1;
        if (holds_ == 0) release_held();
    }

  private:
    void release_held() {
        for (void* const block : held_) {
            count_segment(-sizes_.at(block));
            sizes_.erase(block);
            system_.release(block);
        }
        held_.clear();
    }

    int64_t holds_ = 0;
    std::map<void*, int64_t> sizes_;
    std::vector<void*> held_;  // released; recorded work may run on them
};

}  // namespace

std::unique_ptr<Allocator> exact_allocator(const SystemMemory& system) {
    return std::make_unique<ExactAllocator>(system);
}

}  // namespace mdn
