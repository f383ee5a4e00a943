#include "engine/allocator.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "engine/counting_allocator.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace mdn {

namespace {

constexpr int64_t alignment = 64;
#if defined(__SANITIZE_ADDRESS__)
// What lies between blocks, and in those that are free, is poisoned.
constexpr int64_t guard_bytes = alignment;
void forbid(const void* begin, int64_t bytes) { __asan_poison_memory_region(begin, bytes); }
void permit(const void* begin, int64_t bytes) { __asan_unpoison_memory_region(begin, bytes); }
#else
constexpr int64_t guard_bytes = 0;
void forbid(const void*, int64_t) {}
void permit(const void*, int64_t) {}
#endif
/// Small requests share segments of this size; larger ones get a segment of their own size.
constexpr int64_t segment_bytes = 32 << 20;
/// A segment grows in steps of this size: that of the system's large pages.
constexpr int64_t growth_bytes = 2 << 20;

class CachingAllocator final : public CountingAllocator {
  public:
    using CountingAllocator::CountingAllocator;

    ~CachingAllocator() override {
        for (const auto& [address, block] : blocks_) permit(address, block.size);
        for (const auto& [address, block] : blocks_)
            if (block.starts_segment) system_.release(address);
    }

    void* allocate(int64_t bytes) override {
        const int64_t size =
            std::max<int64_t>((bytes + alignment - 1) / alignment, 1) * alignment + gap();
        const std::lock_guard lock(mutex_);
        auto fit = free_.lower_bound({size, nullptr});
        if (fit == free_.end()) fit = reserve(size);
        auto block = blocks_.find(fit->second);
        free_.erase(fit);
        if (block->second.size > size) split(block, size);
        block->second.free = false;
        count_used(block->second.size - gap());
        permit(block->first, bytes);
        return block->first;
    }

    void release(void* address) override {
        const std::lock_guard lock(mutex_);
        auto block = blocks_.find(static_cast<char*>(address));
        count_used(gap() - block->second.size);
        block->second.free = true;
        // Work that is or was recorded meanwhile runs on such blocks.
        if (holds_ == 0) forbid(block->first, block->second.size);
        block = merge(block);
        free_.insert({block->second.size, block->first});
    }

    void release_cached() override {
        const std::lock_guard lock(mutex_);
        release_free_segments();
    }

    void hold_segments(bool hold) override {
        const std::lock_guard lock(mutex_);
        holds_ += hold ? 1 : -1;
    }

  private:
    struct Block {
        int64_t size;
        bool starts_segment;
        bool free = true;
    };
    // Ordered by address, so that the neighbours of a block are its iterators' neighbours.
    using Blocks = std::map<char*, Block>;
    using FreeSet = std::set<std::pair<int64_t, char*>>;

    /// Behind each block; not counted as used, so that the counts are the same without it.
    int64_t gap() const { return system_.guard_blocks ? guard_bytes : 0; }

    /// A free block of so many bytes at the end of the newest segment; none if it cannot grow.
    FreeSet::iterator grow_newest(int64_t size) {
        if (!system_.grow || !newest_end_) return free_.end();
        auto last = std::prev(blocks_.lower_bound(newest_end_));
        const int64_t missing = last->second.free ? size - last->second.size : size;
        const int64_t bytes = (missing + growth_bytes - 1) / growth_bytes * growth_bytes;
        if (!system_.grow(bytes)) return free_.end();
        count_segment(bytes);
        forbid(newest_end_, bytes);
        if (last->second.free) {
            free_.erase({last->second.size, last->first});
            last->second.size += bytes;
        } else {
            last = blocks_.insert({newest_end_, {bytes, false}}).first;
        }
        newest_end_ += bytes;
        return free_.insert({last->second.size, last->first}).first;
    }

    FreeSet::iterator reserve(int64_t size) {
        if (const auto grown = grow_newest(size); grown != free_.end()) return grown;
        const int64_t bytes = std::max(size, segment_bytes);
        void* segment = system_.allocate(bytes);
        if (!segment) {
            release_free_segments();
            segment = system_.allocate(bytes);
        }
        if (!segment)
            throw OutOfMemory("out of memory: asked the system for " + std::to_string(bytes >> 20) +
                              " MiB while holding " + std::to_string(stats_.reserved_bytes >> 20) +
                              " MiB" + what_is_free());
        count_segment(bytes);
        char* address = static_cast<char*>(segment);
        blocks_[address] = {bytes, true};
        newest_end_ = address + bytes;
        forbid(address, bytes);
        return free_.insert({bytes, address}).first;
    }

    std::string what_is_free() const {
        if (!system_.free_bytes) return "";
        return "; " + std::to_string(system_.free_bytes() >> 20) + " MiB are free";
    }

    void release_free_segments() {
        if (holds_ > 0) return;
        for (auto block = blocks_.begin(); block != blocks_.end();) {
            const auto next = std::next(block);
            const bool whole = block->second.starts_segment &&
                               (next == blocks_.end() || next->second.starts_segment);
            if (whole && block->second.free) {
                free_.erase({block->second.size, block->first});
                count_segment(-block->second.size);
                if (block->first + block->second.size == newest_end_) newest_end_ = nullptr;
                permit(block->first, block->second.size);
                system_.release(block->first);
                blocks_.erase(block);
            }
            block = next;
        }
    }

    void split(Blocks::iterator block, int64_t size) {
        char* rest = block->first + size;
        blocks_[rest] = {block->second.size - size, false};
        free_.insert({block->second.size - size, rest});
        block->second.size = size;
    }

    /// Joins a free block with free neighbours of its segment; returns what it became part of.
    Blocks::iterator merge(Blocks::iterator block) {
        const auto next = std::next(block);
        if (next != blocks_.end() && next->second.free && !next->second.starts_segment) {
            free_.erase({next->second.size, next->first});
            block->second.size += next->second.size;
            blocks_.erase(next);
        }
        if (!block->second.starts_segment) {
            const auto previous = std::prev(block);
            if (previous->second.free) {
                free_.erase({previous->second.size, previous->first});
                previous->second.size += block->second.size;
                blocks_.erase(block);
                return previous;
            }
        }
        return block;
    }

    int64_t holds_ = 0;
    char* newest_end_ = nullptr;  // of the newest segment, if it is still there
    Blocks blocks_;
    FreeSet free_;
};

}  // namespace

std::unique_ptr<Allocator> caching_allocator(const SystemMemory& system) {
    return std::make_unique<CachingAllocator>(system);
}

}  // namespace mdn
