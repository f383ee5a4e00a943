// Which rank keeps the others waiting.
#include "train/parallel/slowest_rank.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/random.h"

using namespace mdn;

TEST_SUITE("train/parallel/slowest_rank") {
    TEST_CASE("the rank that waits least, and for how much of the others' time") {
        Random random(5);
        for (int round = 0; round < 20; ++round) {
            // Ranks of different speed make steps together, over a network that all wait for.
            const auto ranks = static_cast<size_t>(2 + random.below(6));
            std::vector<double> work;
            for (size_t rank = 0; rank < ranks; ++rank)
                work.push_back(0.5 + static_cast<double>(random.below(1000)) / 1000);
            const double network = static_cast<double>(random.below(3)) / 4, steps = 40;
            const auto slowest = std::max_element(work.begin(), work.end());
            std::vector<double> waited;
            double idle = 0;
            for (const double own : work) {
                waited.push_back(steps * (*slowest - own + network));
                idle += *slowest - own;
            }
            const SlowestRank found = slowest_rank(waited, steps * (*slowest + network));
            CHECK(found.rank == slowest - work.begin());
            CHECK(found.percent == doctest::Approx(100 * idle / static_cast<double>(ranks - 1) /
                                                   (*slowest + network)));
        }
    }

    TEST_CASE("ranks of the same speed") {
        CHECK(slowest_rank({0.25, 0.25, 0.25}, 10).percent == 0);
        CHECK(slowest_rank({0, 0}, 0).percent == 0);
    }
}
