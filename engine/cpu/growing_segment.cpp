#include "engine/cpu/growing_segment.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <cstdlib>

namespace mdn {

namespace {

constexpr int64_t most_addresses = int64_t{1} << 42, fewest_addresses = int64_t{1} << 32;
/// Of the range's start, so that the system may use its large pages. It is asked to: a product's
/// rows lie on more small pages than a processor remembers.
constexpr int64_t alignment = 2 << 20;

/// A range of addresses, the first `size` bytes of which are memory.
struct Range {
    char* begin = nullptr;
    int64_t addresses = 0, size = 0;
    bool is_newest = false;  // of the segments: no other was allocated since

    /// Takes as many addresses as there are to be had. None where their number is limited: those
    /// taken here would be missing elsewhere.
    Range() {
        rlimit limit;
        if (sizeof(void*) < 8 || getrlimit(RLIMIT_AS, &limit) != 0 ||
            limit.rlim_cur != RLIM_INFINITY)
            return;
        for (int64_t bytes = most_addresses; bytes >= fewest_addresses; bytes /= 2) {
            void* const start = mmap(nullptr, static_cast<size_t>(bytes), PROT_NONE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (start == MAP_FAILED) continue;
            const auto address = reinterpret_cast<uintptr_t>(start);
            begin = static_cast<char*>(start) + (alignment - address % alignment) % alignment;
            addresses = bytes - alignment;
            madvise(begin, static_cast<size_t>(addresses), MADV_HUGEPAGE);
            return;
        }
    }

    bool grow(int64_t bytes) {
        if (bytes > addresses - size) return false;
        if (mprotect(begin + size, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE) != 0)
            return false;
        size += bytes;
        return true;
    }
};

Range& range() {
    static Range the_range;
    return the_range;
}

}  // namespace

void* allocate_host_segment(int64_t bytes) {
    Range& growing = range();
    if (growing.size == 0 && growing.grow(bytes)) {
        growing.is_newest = true;
        return growing.begin;
    }
    growing.is_newest = false;
    return std::aligned_alloc(64, static_cast<size_t>(bytes));
}

bool grow_host_segment(int64_t bytes) { return range().is_newest && range().grow(bytes); }

void release_host_segment(void* segment) {
    Range& growing = range();
    if (segment != growing.begin) return std::free(segment);
    const auto size = static_cast<size_t>(growing.size);
    madvise(segment, size, MADV_DONTNEED);
    mprotect(segment, size, PROT_NONE);
    growing.size = 0;
    growing.is_newest = false;
}

}  // namespace mdn
