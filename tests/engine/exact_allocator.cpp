#include <doctest/doctest.h>
#include <cstdlib>
#include <map>

#include "engine/allocator.h"

using namespace mdn;

namespace {

/// What a system has given, and not yet got back, by address.
std::map<void*, int64_t> given;

int64_t bytes_given() {
    int64_t bytes = 0;
    for (const auto& [block, size] : given) bytes += size;
    return bytes;
}

std::unique_ptr<Allocator> allocator_of(int64_t limit) {
    static int64_t most;
    most = limit;
    given.clear();
    return exact_allocator({[](int64_t bytes) -> void* {
                                if (bytes_given() + bytes > most) return nullptr;
                                void* const block = std::malloc(static_cast<size_t>(bytes));
                                given[block] = bytes;
                                return block;
                            },
                            [](void* block) {
                                given.erase(block);
                                std::free(block);
                            }});
}

}  // namespace

TEST_SUITE("engine/exact_allocator") {
    TEST_CASE("a segment for each block, as long as was asked") {
        const auto memory = allocator_of(1000);
        void* const odd = memory->allocate(501);
        void* const none = memory->allocate(0);
        CHECK(odd != none);
        CHECK(given.at(odd) == 501);
        CHECK(given.at(none) == 1);
        CHECK(memory->stats().reserved_bytes == 502);
        CHECK_THROWS_AS(memory->allocate(499), OutOfMemory);
        memory->release(odd);
        CHECK(bytes_given() == 1);
        CHECK(memory->stats().reserved_bytes == 1);
        CHECK(memory->stats().peak_used_bytes == 502);
        memory->release(memory->allocate(499));
        memory->release(none);
        CHECK(given.empty());
    }

    TEST_CASE("while work is recorded, what is released stays, and is not given out again") {
        const auto memory = allocator_of(1000);
        void* const first = memory->allocate(64);
        memory->hold_segments(true);
        memory->hold_segments(true);
        memory->release(first);
        CHECK(memory->stats().used_bytes == 0);
        CHECK(given.count(first) == 1);
        void* const second = memory->allocate(64);
        CHECK(second != first);
        memory->hold_segments(false);
        CHECK(given.count(first) == 1);
        memory->hold_segments(false);
        CHECK(given.count(first) == 0);
        CHECK(bytes_given() == 64);
        memory->release(second);
        CHECK(given.empty());
    }
}
