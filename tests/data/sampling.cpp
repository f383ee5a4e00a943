#include "data/sampling.h"

#include <doctest/doctest.h>

#include <set>

namespace mdn {

namespace {

using Frames = std::vector<std::int64_t>;

Frames train(std::int64_t N, std::int64_t T, std::uint64_t seed = 1) {
    Random random(seed);
    return sample_train(N, T, random);
}

}  // namespace

TEST_SUITE("data/sampling") {
    TEST_CASE("testing takes the middle of each segment") {
        CHECK(sample_test(8, 8) == Frames{0, 1, 2, 3, 4, 5, 6, 7});
        CHECK(sample_test(60, 8) == Frames{3, 11, 18, 26, 33, 41, 48, 56});
        CHECK(sample_test(1, 4) == Frames{0, 0, 0, 0});
        // k·5/8 + 5/16 = .3125 .9375 1.5625 2.1875 2.8125 3.4375 4.0625 4.6875
        CHECK(sample_test(5, 8) == Frames{0, 0, 1, 2, 2, 3, 4, 4});
        CHECK(sample_test(7, 1) == Frames{3});
    }

    TEST_CASE("twice appends the first frame of each segment") {
        CHECK(sample_twice(9, 4) == Frames{1, 3, 5, 7, 0, 2, 4, 6});
        CHECK(sample_twice(3, 4) == Frames{0, 1, 1, 2, 0, 0, 1, 2});
    }

    TEST_CASE("training on short clips rounds half to even, modulo the clip") {
        // k·4/8 = 0 .5 1 1.5 2 2.5 3 3.5
        CHECK(train(4, 8) == Frames{0, 0, 1, 2, 2, 2, 3, 0});
        // k·6/8 = 0 .75 1.5 2.25 3 3.75 4.5 5.25
        CHECK(train(6, 8) == Frames{0, 1, 2, 2, 3, 4, 4, 5});
        // k/8: .625 and above round to 1 = 0 modulo 1
        CHECK(train(1, 8) == Frames(8, 0));
        // k·3/4 = 0 .75 1.5 2.25
        CHECK(train(3, 4) == Frames{0, 1, 2, 2});
    }

    TEST_CASE("training on longer clips draws each frame from its segment") {
        std::set<std::int64_t> third;
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            const Frames frames = train(61, 8, seed);  // a = 7
            REQUIRE(frames.size() == 8);
            for (std::int64_t k = 0; k < 8; ++k) {
                CHECK(frames[k] >= 7 * k);
                CHECK(frames[k] < 7 * k + 7);
            }
            third.insert(frames[2]);
        }
        CHECK(third.size() == 7);
        CHECK(train(8, 8) == Frames{0, 1, 2, 3, 4, 5, 6, 7});
    }
}

}  // namespace mdn
