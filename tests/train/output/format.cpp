#include "train/output/format.h"

#include <doctest/doctest.h>

using mdn::format;

TEST_SUITE("train/output/format") {
    TEST_CASE("numbers in their places, and nothing cut off") {
        CHECK(format("%5.2f %% of %lld", 12.345, 7LL) == "12.35 % of 7");
        CHECK(format("%s", "").empty());
        // A dataset may name a class as it likes.
        const std::string name(1000, 'x');
        CHECK(format("<%s|%-4d>", name.c_str(), 3) == "<" + name + "|3   >");
    }
}
