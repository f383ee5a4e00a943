// What a memory checker for GPUs (compute-sanitizer's memcheck, initcheck and racecheck) would say
// of a kernel: accesses outside an array, reads of what nobody has written, and two threads that
// meet at one element with nothing between that orders them.
//
// It sees the kernels that g++ or clang compiled with -fsanitize=thread: such code calls a function
// before each access to memory. ThreadSanitizer would take these calls; it knows nothing of blocks
// and barriers, so watch.cpp takes them in its place, and nothing is linked with -fsanitize=thread.
//
// A finding does not depend on the order in which threads happen to run. What cannot be seen: which
// of two barriers a thread waits at, and memory that was not named.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mdn::emulation {

/// Watches kernels while it lives; one at a time.
class Watch {
  public:
    /// `shared_bytes` as the launch is given: shared memory is watched under the name "shared", as
    /// floats.
    explicit Watch(int64_t shared_bytes);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Watches `count` floats from `begin` on, and `margin` floats on either side, which no thread
    /// may touch. `written`: they hold values before the launch.
    void add(const std::string& name, const float* begin, int64_t count, int64_t margin,
             bool written);

    /// The first thing that was wrong, in a sentence that names thread, block, array and index;
    /// empty if nothing was.
    const std::string& finding() const { return finding_; }
    /// The same for accesses of a warp that are not neighbours in memory: thread l of a warp reads
    /// or writes element n + l where its thread 0 has n. It is slow, not wrong. Shared memory may
    /// be accessed in any way.
    const std::string& scattered() const { return scattered_; }

    /// Called before an access.
    void access(const void* address, int64_t bytes, bool writes);

  private:
    struct Access {
        int64_t block = -1;
        int thread = -1, epoch = -1;  // epoch: barriers that the block has passed
    };
    /// What has been done to one element in this launch.
    struct Cell {
        bool written = false;
        Access writer;
        Access readers[2];            // of the latest epoch, two different threads
        int64_t earlier_reader = -1;  // a block that read it before
    };
    struct Region {
        std::string name;
        uintptr_t begin;
        int64_t count, before, behind;  // floats, and those around them that may not be touched
        bool shared;
        std::vector<Cell> cells;
        std::map<std::pair<int64_t, int>, int> accesses;  // of a thread, so far
        /// Of a warp's n-th access: a lane, and its element.
        std::map<std::pair<std::pair<int64_t, int>, int>, std::pair<int, int64_t>> first;
    };

    void touch(Region& region, int64_t index, const Access& now, bool writes);
    void read(const Region& region, int64_t index, Cell& cell, const Access& now);
    void write(const Region& region, int64_t index, Cell& cell, const Access& now);
    void look_at_warp(Region& region, int64_t index, const Access& now, bool writes);
    void meet(const Region& region, int64_t index, const Access& first, const char* first_does,
              const Access& second, const char* second_does);

    std::vector<Region> regions_;
    std::string finding_, scattered_;
};

}  // namespace mdn::emulation
