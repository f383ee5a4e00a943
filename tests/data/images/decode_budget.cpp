#include "data/images/decode_budget.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mdn::test {

namespace {

bool all_are(const void* block, std::size_t from, std::size_t to, unsigned char value) {
    const auto* bytes = static_cast<const unsigned char*>(block);
    return std::all_of(bytes + from, bytes + to, [&](unsigned char b) { return b == value; });
}

}  // namespace

TEST_SUITE("data/images/decode_budget") {
    TEST_CASE("blocks add up to the budget and no further, growing ones twice") {
        const DecodeBudget budget(1000);
        void* first = budget_allocate(600);
        REQUIRE(first);
        CHECK(reinterpret_cast<std::uintptr_t>(first) % alignof(std::max_align_t) == 0);
        CHECK(budget_allocate(401) == nullptr);
        CHECK(budget.exceeded());
        void* second = budget_allocate(400);
        REQUIRE(second);
        budget_free(second);
        CHECK(budget_reallocate(first, 700) == nullptr);  // beside the 600 there are 400 left
        first = budget_reallocate(first, 400);
        REQUIRE(first);
        first = budget_reallocate(first, 600);
        REQUIRE(first);
        budget_free(first);
        budget_free(nullptr);
        void* whole = budget_reallocate(nullptr, 1000);
        CHECK(whole);
        budget_free(whole);
        CHECK(budget_allocate(SIZE_MAX) == nullptr);
    }

    TEST_CASE("blocks begin as zeros and keep what they held when they grow") {
        for (int round = 0; round < 20; ++round) {
            const DecodeBudget budget(1 << 20);
            void* block = budget_allocate(5000);
            CHECK(all_are(block, 0, 5000, 0));
            std::memset(block, 0xBE, 5000);
            block = budget_reallocate(block, 9000);
            CHECK(all_are(block, 0, 5000, 0xBE));
            CHECK(all_are(block, 5000, 9000, 0));
            std::memset(block, 0xBE, 9000);
            budget_free(block);
            CHECK_FALSE(budget.exceeded());
        }
    }

    TEST_CASE("without a budget there is enough for a header") {
        { const DecodeBudget budget(10); }
        void* block = budget_allocate(1 << 20);
        CHECK(block);
        CHECK(budget_allocate(1) == nullptr);
        budget_free(block);
    }
}

}  // namespace mdn::test
