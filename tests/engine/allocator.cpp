#include "engine/allocator.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "engine/ops.h"
#include "engine/optim.h"

using namespace mdn;

namespace {

constexpr int64_t mebi = 1 << 20;
constexpr int64_t segment = 32 * mebi;

/// A system that counts what it has given and gives no more than `limit` bytes at once.
struct System {
    inline static int64_t limit = 0, held = 0;
    static void* allocate(int64_t bytes) {
        if (held + bytes > limit) return nullptr;
        // The size is kept in front, a whole alignment unit wide.
        char* block = static_cast<char*>(std::aligned_alloc(64, bytes + 64));
        std::memcpy(block, &bytes, sizeof bytes);
        held += bytes;
        return block + 64;
    }
    static void release(void* block) {
        int64_t bytes;
        std::memcpy(&bytes, static_cast<char*>(block) - 64, sizeof bytes);
        held -= bytes;
        std::free(static_cast<char*>(block) - 64);
    }
    static std::unique_ptr<Allocator> allocator(int64_t limit_bytes = 1024 * mebi) {
        limit = limit_bytes;
        return caching_allocator({allocate, release});
    }
};

}  // namespace

TEST_SUITE("engine/allocator") {
    TEST_CASE("blocks are aligned, apart and writable to their last byte") {
        const auto memory = System::allocator();
        std::vector<std::pair<char*, int64_t>> blocks;
        for (const int64_t bytes : {0L, 1L, 63L, 64L, 65L, 1000L, long{segment} + 1}) {
            char* block = static_cast<char*>(memory->allocate(bytes));
            CHECK(reinterpret_cast<uintptr_t>(block) % 64 == 0);
            std::memset(block, static_cast<int>(blocks.size() + 1), bytes);
            blocks.emplace_back(block, bytes);
        }
        for (size_t i = 0; i < blocks.size(); ++i)
            CHECK(std::all_of(blocks[i].first, blocks[i].first + blocks[i].second,
                              [&](char byte) { return byte == static_cast<char>(i + 1); }));
        CHECK(std::adjacent_find(blocks.begin(), blocks.end(), [](auto& a, auto& b) {
                  return a.first == b.first;
              }) == blocks.end());
    }

    TEST_CASE("a segment that can grow does, so that blocks at its end join what is added") {
        // 256 MiB of addresses, the first `held` of which are memory.
        static std::vector<char> addresses(256 * mebi + 64);
        static char* const begin =
            addresses.data() + 64 - reinterpret_cast<uintptr_t>(addresses.data()) % 64;
        static int64_t held, limit;
        held = 0;
        limit = 256 * mebi;
        const auto memory = caching_allocator(
            {.allocate = [](int64_t bytes) -> void* {
                 if (held > 0) return std::aligned_alloc(64, static_cast<size_t>(bytes));
                 held = bytes;
                 return begin;
             },
             .release = [](void* block) { block == begin ? void(held = 0) : std::free(block); },
             .grow = [](int64_t bytes) { return held + bytes <= limit && (held += bytes); }});
        void* first = memory->allocate(20 * mebi);
        void* second = memory->allocate(40 * mebi);  // 12 are left of the first 32
        CHECK(second == begin + 20 * mebi);
        CHECK(memory->stats().reserved_bytes == 60 * mebi);
        void* third = memory->allocate(1);
        CHECK(memory->stats().reserved_bytes == 62 * mebi);
        memory->release(second);
        memory->release(first);
        CHECK(memory->allocate(60 * mebi) == begin);  // across where the first segment ended
        CHECK(memory->stats().reserved_bytes == 62 * mebi);
        // Where it can grow no more, another segment is asked for, which is the newest then.
        void* elsewhere = memory->allocate(200 * mebi);
        CHECK((elsewhere < begin || elsewhere >= begin + 256 * mebi));
        CHECK(memory->stats().reserved_bytes == 262 * mebi);
        memory->release(begin);
        memory->release(third);
        memory->release(elsewhere);
        memory->release_cached();
        CHECK(memory->stats().reserved_bytes == 0);
        CHECK(held == 0);
        CHECK(memory->allocate(mebi) == begin);
    }

    TEST_CASE("a released block is used again") {
        const auto memory = System::allocator();
        void* first = memory->allocate(mebi);
        memory->release(first);
        CHECK(memory->allocate(mebi) == first);
        CHECK(memory->stats().system_allocations == 1);
    }

    TEST_CASE("a segment is split, and free neighbours join again in whatever order") {
        std::array<int, 4> order = {0, 1, 2, 3};
        do {
            const auto memory = System::allocator(segment);
            std::array<void*, 4> blocks;
            for (void*& block : blocks) block = memory->allocate(segment / 4);
            CHECK(memory->stats().system_allocations == 1);
            for (int i : order) memory->release(blocks[i]);
            // No other memory is to be had, so the four must have become one.
            CHECK(memory->allocate(segment) == blocks[0]);
        } while (std::next_permutation(order.begin(), order.end()));
    }

    TEST_CASE("blocks of different segments do not join") {
        const auto memory = System::allocator(2 * segment);
        void* a = memory->allocate(segment);
        void* b = memory->allocate(segment);
        memory->release(a);
        memory->release(b);
        memory->release_cached();
        CHECK(System::held == 0);
    }

    TEST_CASE("the smallest hole that fits is taken") {
        const auto memory = System::allocator(segment);
        void* large = memory->allocate(8 * mebi);
        void* wall = memory->allocate(mebi);
        void* small = memory->allocate(2 * mebi);
        void* rest = memory->allocate(21 * mebi);
        memory->release(large);
        memory->release(small);
        CHECK(memory->allocate(2 * mebi) == small);
        CHECK(memory->allocate(2 * mebi) == large);
        for (void* block : {wall, rest}) memory->release(block);
    }

    TEST_CASE("a large request gets a segment of its own size") {
        const auto memory = System::allocator();
        memory->allocate(3 * segment + 1);
        CHECK(memory->stats().reserved_bytes == 3 * segment + 64);
        CHECK(System::held == 3 * segment + 64);
    }

    TEST_CASE("release_cached returns free segments only, the destructor all") {
        auto memory = System::allocator();
        void* kept = memory->allocate(100);
        memory->release(memory->allocate(100));
        memory->release(memory->allocate(2 * segment));
        CHECK(System::held == 3 * segment);
        memory->release_cached();
        CHECK(System::held == segment);
        CHECK(memory->stats().reserved_bytes == segment);
        CHECK(memory->stats().used_bytes == 128);
        memory->release(kept);
        CHECK(memory->allocate(segment) == kept);
        memory.reset();
        CHECK(System::held == 0);
    }

    TEST_CASE("used and peak bytes are what was handed out, in whole units of 64") {
        const auto memory = System::allocator();
        void* a = memory->allocate(1);
        void* b = memory->allocate(100);
        CHECK(memory->stats().used_bytes == 64 + 128);
        memory->release(a);
        CHECK(memory->stats().used_bytes == 128);
        CHECK(memory->stats().peak_used_bytes == 64 + 128);
        memory->reset_peak();
        CHECK(memory->stats().peak_used_bytes == 128);
        memory->release(b);
    }

    TEST_CASE("memory held but free is given back before a request fails") {
        const auto memory = System::allocator(2 * segment);
        memory->release(memory->allocate(segment));
        void* large = memory->allocate(2 * segment);  // only fits once the first is returned
        CHECK(System::held == 2 * segment);
        CHECK_THROWS_WITH_AS(memory->allocate(40 * mebi),
                             "out of memory: asked the system for 40 MiB while holding 64 MiB",
                             Error);
        memory->release(large);
        CHECK(memory->allocate(2 * segment) == large);  // and a failure spoils nothing
    }

    TEST_CASE("threads do not get each other's memory") {
        const auto memory = System::allocator();
        std::atomic<int> damaged{0};
        const auto work = [&](int id) {
            Random random(id);
            std::vector<std::pair<unsigned char*, int64_t>> blocks;
            for (int i = 0; i < 2000; ++i) {
                if (blocks.size() > 20 || (!blocks.empty() && random.below(2))) {
                    std::swap(blocks[random.below(static_cast<int64_t>(blocks.size()))],
                              blocks.back());
                    const auto [block, bytes] = blocks.back();
                    blocks.pop_back();
                    if (std::count(block, block + bytes, id) != bytes) ++damaged;
                    memory->release(block);
                } else {
                    const int64_t bytes = random.below(5000);
                    blocks.emplace_back(static_cast<unsigned char*>(memory->allocate(bytes)),
                                        bytes);
                    std::memset(blocks.back().first, id, bytes);
                }
            }
            for (const auto& block : blocks) memory->release(block.first);
        };
        std::vector<std::thread> threads;
        for (int id = 1; id <= 4; ++id) threads.emplace_back(work, id);
        for (std::thread& thread : threads) thread.join();
        CHECK(damaged == 0);
        CHECK(memory->stats().used_bytes == 0);
        CHECK(memory->stats().system_allocations == 1);
    }

    TEST_CASE("after the first training step a step asks the system for nothing") {
        Random random(1);
        ParameterStore store;
        const Scope scope(store, random);
        const Tensor stem = scope.conv("stem", 32, 1, 3), conv = scope.conv("conv", 32, 1, 32);
        const Tensor gamma = scope.norm_scale("gamma", 32), beta = scope.norm_shift("beta", 32);
        const Tensor gamma2 = scope.norm_scale("gamma2", 32), beta2 = scope.norm_shift("beta2", 32);
        RunningStatistics running = scope.running_statistics(32);
        Optimizer optimizer(store, {});
        const Tensor frames = random.normal_tensor({16, 64, 64, 3});

        Allocator& memory = allocator(Device::cpu);
        memory.release_cached();
        const auto step = [&] {
            store.zero_grad();
            const Tensor first =
                normalize_relu(batch_norm(conv2d(frames, stem), gamma, beta, running, {}));
            const Tensor second = conv2d(temporal_shift(first, 4), conv);
            const Tensor y = add_relu(batch_norm(second, gamma2, beta2, running, {}), first);
            backward(sum(max_pool2d(y, {3, 2, 1})));
            optimizer.step(1e-3);
            return memory.stats().system_allocations;
        };
        const int64_t before = memory.stats().system_allocations, after_first = step();
        CHECK(after_first > before + 1);  // more than one segment, so that reuse is put to the test
        for (int i = 0; i < 2; ++i) CHECK(step() == after_first);
    }

    TEST_CASE("memory outside tensors is what its owners say") {
        const auto memory = System::allocator();
        CHECK(memory->outside_bytes() == 0);
        memory->count_outside(300);
        memory->count_outside(-100);
        CHECK(memory->outside_bytes() == 200);
        CHECK(memory->stats().reserved_bytes == 0);
    }
}
