#include "tests/cuda_emulation/watch.h"

#include <cuda_runtime.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/cuda_emulation/fibres.h"
#include "tests/cuda_emulation/runtime.h"

namespace mdn {

extern unsigned char block_memory[];

namespace emulation {

namespace {

constexpr int64_t cell_bytes = sizeof(float);
constexpr int warp_size = 32;

Watch* watching = nullptr;

int64_t number_of(const dim3& index, const dim3& size) {
    return index.x + int64_t{size.x} * (index.y + int64_t{size.y} * index.z);
}

std::string element(const std::string& array, int64_t index) {
    return array + "[" + std::to_string(index) + "]";
}

/// "block 3", or "block (0, 3)" where the grid has two axes.
std::string block_text(int64_t block) {
    if (gridDim.y == 1 && gridDim.z == 1) return "block " + std::to_string(block);
    const int64_t y = block / gridDim.x;
    return "block (" + std::to_string(block % gridDim.x) + ", " + std::to_string(y) + ")";
}

std::string thread_text(int64_t block, int thread) {
    return "thread " + std::to_string(thread) + " of " + block_text(block);
}

}  // namespace

Watch::Watch(int64_t shared_bytes) {
    if (watching != nullptr) throw Error("[emulation] two watches at a time");
    const int64_t count = shared_bytes / cell_bytes;
    const int64_t capacity = static_cast<int64_t>(shared_capacity) / cell_bytes;
    regions_.push_back({"shared",
                        reinterpret_cast<uintptr_t>(block_memory),
                        count,
                        0,
                        capacity - count,
                        true,
                        std::vector<Cell>(count),
                        {},
                        {}});
    watching = this;
}

Watch::~Watch() { watching = nullptr; }

void Watch::add(const std::string& name, const float* begin, int64_t count, int64_t margin,
                bool written) {
    Cell fresh;
    fresh.written = written;
    regions_.push_back({name,
                        reinterpret_cast<uintptr_t>(begin),
                        count,
                        margin,
                        margin,
                        false,
                        std::vector<Cell>(count, fresh),
                        {},
                        {}});
}

void Watch::access(const void* address, int64_t bytes, bool writes) {
    const auto at = reinterpret_cast<uintptr_t>(address);
    for (Region& region : regions_) {
        if (at < region.begin - region.before * cell_bytes ||
            at >= region.begin + (region.count + region.behind) * cell_bytes)
            continue;
        const Access now = {number_of(blockIdx, gridDim),
                            static_cast<int>(number_of(threadIdx, blockDim)), barriers_passed()};
        const int64_t from = static_cast<int64_t>(at) - static_cast<int64_t>(region.begin);
        // Rounded down, also before the array.
        const int64_t first = (from + region.before * cell_bytes) / cell_bytes - region.before;
        const int64_t last =
            (from + bytes - 1 + region.before * cell_bytes) / cell_bytes - region.before;
        for (int64_t index = first; index <= last && finding_.empty(); ++index)
            touch(region, index, now, writes);
        return;
    }
}

void Watch::touch(Region& region, int64_t index, const Access& now, bool writes) {
    if (index < 0 || index >= region.count) {
        finding_ = thread_text(now.block, now.thread) + (writes ? " writes " : " reads ") +
                   element(region.name, index) + ", which lies outside: " +
                   (region.shared ? "the launch asked for " + std::to_string(region.count) +
                                        " floats of shared memory"
                                  : region.name + " has " + std::to_string(region.count) +
                                        (region.count == 1 ? " element" : " elements"));
        return;
    }
    Cell& cell = region.cells[index];
    // A block finds nothing in shared memory of what another left there.
    if (region.shared && std::max(cell.writer.block, cell.readers[0].block) != now.block) cell = {};
    if (writes)
        write(region, index, cell, now);
    else
        read(region, index, cell, now);
    if (!region.shared && scattered_.empty()) look_at_warp(region, index, now, writes);
}

void Watch::read(const Region& region, int64_t index, Cell& cell, const Access& now) {
    const Access& writer = cell.writer;
    if (!cell.written) {
        finding_ = thread_text(now.block, now.thread) + " reads " + element(region.name, index) +
                   ", which no thread has written yet: is a __syncthreads() missing before, or "
                   "does no thread write there?";
        return;
    }
    if (writer.block >= 0 &&
        (writer.block != now.block || (writer.epoch == now.epoch && writer.thread != now.thread)))
        return meet(region, index, writer, "writes", now, "reads");
    Access& first = cell.readers[0];
    if (first.block >= 0 && first.block != now.block) cell.earlier_reader = first.block;
    if (first.block != now.block || first.epoch != now.epoch || first.thread == now.thread)
        first = now;
    else
        cell.readers[1] = now;
}

void Watch::write(const Region& region, int64_t index, Cell& cell, const Access& now) {
    const auto conflicts = [&](const Access& other) {
        return other.block >= 0 && (other.block != now.block ||
                                    (other.epoch == now.epoch && other.thread != now.thread));
    };
    if (conflicts(cell.writer)) return meet(region, index, cell.writer, "writes", now, "writes");
    for (const Access& reader : cell.readers)
        if (conflicts(reader)) return meet(region, index, reader, "reads", now, "writes");
    if (cell.earlier_reader >= 0 && cell.earlier_reader != now.block)
        return meet(region, index, {cell.earlier_reader, 0, 0}, "reads", now, "writes");
    cell.writer = now;
    cell.written = true;
}

void Watch::meet(const Region& region, int64_t index, const Access& first, const char* first_does,
                 const Access& second, const char* second_does) {
    if (first.block != second.block)
        finding_ = block_text(first.block) + " " + first_does + " " + element(region.name, index) +
                   ", and " + block_text(second.block) + " " + second_does +
                   " it too: blocks run in any order";
    else
        finding_ = "in " + block_text(first.block) + ", thread " + std::to_string(first.thread) +
                   " " + first_does + " " + element(region.name, index) + ", and thread " +
                   std::to_string(second.thread) + " " + second_does +
                   " it with no __syncthreads() between";
}

void Watch::look_at_warp(Region& region, int64_t index, const Access& now, bool writes) {
    const int lane = now.thread % warp_size;
    const int turn = region.accesses[{now.block, now.thread}]++;
    const auto [found, is_first] =
        region.first.insert({{{now.block, now.thread / warp_size}, turn}, {lane, index}});
    const auto [other_lane, other_index] = found->second;
    // One element that is read by all is handed to all at once.
    const bool same = !writes && index == other_index;
    if (is_first || same || index - other_index == lane - other_lane) return;
    const char* does = writes ? " writes " : " reads ";
    scattered_ = thread_text(now.block, now.thread) + does + element(region.name, index) +
                 " while thread " + std::to_string(now.thread - lane + other_lane) +
                 " of its warp" + does + element(region.name, other_index) +
                 ": threads that are neighbours must access neighbours in memory";
}

namespace {

void saw(const void* address, int64_t bytes, bool writes) {
    if (watching != nullptr) watching->access(address, bytes, writes);
}

}  // namespace
}  // namespace emulation
}  // namespace mdn

// ---- what code that was compiled with -fsanitize=thread calls. A program that really runs under
// ThreadSanitizer has them already.
#if !defined(__SANITIZE_THREAD__)
using mdn::emulation::saw;

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define SIZE(n)                                                              \
    void __tsan_read##n(void* address) { saw(address, n, false); }           \
    void __tsan_write##n(void* address) { saw(address, n, true); }           \
    void __tsan_unaligned_read##n(void* address) { saw(address, n, false); } \
    void __tsan_unaligned_write##n(void* address) { saw(address, n, true); } \
    void __tsan_read_write##n(void* address) {                               \
        saw(address, n, false);                                              \
        saw(address, n, true);                                               \
    }                                                                        \
    void __tsan_unaligned_read_write##n(void* address) {                     \
        saw(address, n, false);                                              \
        saw(address, n, true);                                               \
    }
SIZE(1)
SIZE(2)
SIZE(4)
SIZE(8)
SIZE(16)
#undef SIZE
void __tsan_read_range(void* address, unsigned long bytes) {
    saw(address, static_cast<int64_t>(bytes), false);
}
void __tsan_write_range(void* address, unsigned long bytes) {
    saw(address, static_cast<int64_t>(bytes), true);
}
// Clang's, for copies.
void* __tsan_memcpy(void* to, const void* from, unsigned long bytes) {
    saw(from, static_cast<int64_t>(bytes), false);
    saw(to, static_cast<int64_t>(bytes), true);
    return std::memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, unsigned long bytes) {
    saw(from, static_cast<int64_t>(bytes), false);
    saw(to, static_cast<int64_t>(bytes), true);
    return std::memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, unsigned long bytes) {
    saw(to, static_cast<int64_t>(bytes), true);
    return std::memset(to, value, bytes);
}
}
#endif
