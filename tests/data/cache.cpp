#include "data/cache.h"

#include <doctest/doctest.h>

namespace mdn {

namespace {

void add(Cache& cache, const std::string& name, std::int64_t bytes) {
    cache.add(name, std::make_shared<const std::string>("value of " + name), bytes);
}

bool has(Cache& cache, const std::string& name) {
    const auto value = cache.find<std::string>(name);
    if (value) CHECK(*value == "value of " + name);
    return value != nullptr;
}

}  // namespace

TEST_SUITE("data/cache") {
    TEST_CASE("what came first stays, and what does not fit is not kept") {
        Cache cache(10, Keep::first);
        add(cache, "a", 6);
        add(cache, "b", 5);
        add(cache, "c", 4);
        add(cache, "a", 6);  // known: takes no more room
        CHECK(has(cache, "a"));
        CHECK_FALSE(has(cache, "b"));
        CHECK(has(cache, "c"));
        Cache none(0, Keep::first);
        add(none, "a", 1);
        CHECK_FALSE(has(none, "a"));
    }

    TEST_CASE("what was asked for last stays") {
        Cache cache(10, Keep::recent);
        add(cache, "a", 4);
        add(cache, "b", 4);
        CHECK(has(cache, "a"));
        add(cache, "c", 5);  // b goes: a was asked for since
        CHECK(has(cache, "a"));
        CHECK_FALSE(has(cache, "b"));
        CHECK(has(cache, "c"));
        // Whoever still holds a value keeps it.
        const auto held = cache.find<std::string>("a");
        add(cache, "d", 10);
        CHECK_FALSE(has(cache, "a"));
        CHECK_FALSE(has(cache, "c"));
        CHECK(has(cache, "d"));
        CHECK(*held == "value of a");
        add(cache, "e", 11);  // larger than all there is
        CHECK_FALSE(has(cache, "e"));
    }
}

}  // namespace mdn
