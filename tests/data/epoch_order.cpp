#include "data/epoch_order.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace mdn {

namespace {

using Positions = std::vector<std::int64_t>;

Positions order_of(const Positions& labels, Order order, std::uint64_t seed = 3) {
    Random random(seed);
    return epoch_order(labels, order, random);
}

/// 1 clip of class 0, 2 of class 5, 7 of class 1 and `many` of class 2, not in order.
Positions uneven(std::int64_t many) {
    Positions labels(static_cast<std::size_t>(many), 2);
    labels.insert(labels.begin() + 3, {5, 1, 1, 0, 1});
    labels.insert(labels.end(), {1, 1, 5, 1, 1});
    return labels;
}

}  // namespace

TEST_SUITE("data/epoch_order") {
    TEST_CASE("listed and shuffled hold every clip once") {
        const Positions labels = uneven(20);
        Positions all(labels.size());
        std::iota(all.begin(), all.end(), 0);
        CHECK(order_of(labels, Order::listed) == all);
        Positions shuffled = order_of(labels, Order::shuffled);
        CHECK(shuffled != all);
        CHECK(shuffled != order_of(labels, Order::shuffled, 4));
        CHECK(std::is_permutation(shuffled.begin(), shuffled.end(), all.begin()));
    }

    TEST_CASE("balanced draws every class alike, in an epoch of the same length") {
        const Positions labels = uneven(3990);
        const Positions drawn = order_of(labels, Order::balanced);
        REQUIRE(drawn.size() == labels.size());
        std::map<std::int64_t, int> count;
        for (const std::int64_t position : drawn) ++count[labels.at(position)];
        CHECK(count.size() == 4);
        // 1000 each, give or take five standard deviations (27).
        for (const auto& of_label : count) {
            const auto& [label, draws] = of_label;
            CAPTURE(of_label.first);
            CHECK(std::abs(draws - 1000) < 137);
        }
        CHECK(drawn == order_of(labels, Order::balanced));
        CHECK(drawn != order_of(labels, Order::balanced, 4));
    }

    TEST_CASE("a class goes through all its clips before one comes again, shuffled each time") {
        const Positions labels = uneven(400);
        std::map<std::int64_t, Positions> drawn;
        for (const std::int64_t position : order_of(labels, Order::balanced))
            drawn[labels.at(position)].push_back(position);
        for (const auto& of_label : drawn) {
            const auto& [label, positions] = of_label;
            CAPTURE(of_label.first);
            const auto size = std::count(labels.begin(), labels.end(), label);
            bool reordered = false;
            for (std::ptrdiff_t begin = 0; begin + size <= std::ssize(positions); begin += size) {
                Positions cycle(positions.begin() + begin, positions.begin() + begin + size);
                reordered |= !std::equal(cycle.begin(), cycle.end(), positions.begin());
                std::sort(cycle.begin(), cycle.end());
                CHECK(std::adjacent_find(cycle.begin(), cycle.end()) == cycle.end());
            }
            if (size == 7) CHECK(reordered);
        }
        CHECK(drawn[1].size() > 70);
        // The frequent class has no time for a second round.
        CHECK(drawn[2].size() < 400);
    }
}

}  // namespace mdn
