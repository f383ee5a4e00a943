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

    TEST_CASE("views lie evenly in the segments, the first in their middles") {
        for (const std::int64_t views : {1, 2, 3, 10})
            CHECK(sample_test(61, 8, 0, views) == sample_test(61, 8));
        // Of two, the second takes the first frame of each segment (twice_sample).
        CHECK(sample_test(9, 4, 1, 2) == Frames{0, 2, 4, 6});
        CHECK(sample_test(3, 4, 1, 2) == Frames{0, 0, 1, 2});
        // Segments of 12 frames: at 6, then 6 + 4 = 10, then 6 + 8 - 12 = 2.
        CHECK(sample_test(36, 3, 0, 3) == Frames{6, 18, 30});
        CHECK(sample_test(36, 3, 1, 3) == Frames{10, 22, 34});
        CHECK(sample_test(36, 3, 2, 3) == Frames{2, 14, 26});
        // k·7/2 + 7/2·(½ + ¾ - 1): .875 and 4.375
        CHECK(sample_test(7, 2, 3, 4) == Frames{0, 4});
        // No view leaves the clip.
        for (std::int64_t view = 0; view < 7; ++view) CHECK(sample_test(5, 8, view, 7).back() < 5);
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
