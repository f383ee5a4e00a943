#include "data/keypoints/track.h"

#include <cmath>

#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// A figure that moves evenly, with confidences of its own for every joint and frame.
Track even_motion(std::int64_t frames, std::uint64_t seed) {
    Random random(seed);
    Track track;
    for (std::int64_t t = 0; t < frames; ++t) {
        Pose pose = standing_figure(100 + 3.0 * static_cast<double>(t),
                                    50 - 2.0 * static_cast<double>(t), 200);
        for (Joint& joint : pose) joint.confidence = 0.1 + 0.9 * random.uniform();
        track.push_back(pose);
    }
    return track;
}

bool same(const std::optional<Pose>& a, const std::optional<Pose>& b) {
    if (a.has_value() != b.has_value()) return false;
    if (!a) return true;
    for (std::size_t j = 0; j < body25_joints; ++j) {
        if ((*a)[j].x != (*b)[j].x || (*a)[j].y != (*b)[j].y ||
            (*a)[j].confidence != (*b)[j].confidence) {
            return false;
        }
    }
    return true;
}

}  // namespace

TEST_SUITE("data/keypoints/track") {
    TEST_CASE("0 frames change nothing") {
        Track track = even_motion(7, 1);
        track[3].reset();
        (*track[5])[nose] = {};
        for (std::size_t t = 0; t < track.size(); ++t) {
            CHECK(same(gaps_filled(track, 0)[t], track[t]));
            CHECK(same(smoothed(track, 0)[t], track[t]));
        }
        CHECK(gaps_filled({}, 3).empty());
        CHECK(smoothed({}, 3).empty());
    }

    TEST_CASE("gaps of at most n frames are filled evenly, longer ones and ends are not") {
        const Track whole = even_motion(20, 2);
        Track track = whole;
        track[3].reset();  // one and two frames without anybody
        track[7].reset();
        track[8].reset();
        (*track[11])[left_wrist] = {5, 5, 0};  // one joint not valid, in three frames
        (*track[12])[left_wrist] = {};
        (*track[13])[left_wrist] = {1e30, 0, 1};
        (*track[0])[nose] = (*track[1])[nose] = {};
        (*track[19])[nose] = {};
        const Track filled = gaps_filled(track, 2);
        for (const std::int64_t t : {3, 7, 8}) {
            REQUIRE(filled[t]);
            for (std::size_t j = 0; j < body25_joints; ++j) {
                if (j == nose) continue;
                CHECK((*filled[t])[j].x == doctest::Approx((*whole[t])[j].x));
                CHECK((*filled[t])[j].y == doctest::Approx((*whole[t])[j].y));
            }
        }
        CHECK((*filled[8])[neck].confidence ==
              std::min((*whole[6])[neck].confidence, (*whole[9])[neck].confidence));
        for (const std::int64_t t : {11, 12, 13}) CHECK_FALSE((*filled[t])[left_wrist].valid());
        for (const std::int64_t t : {0, 1, 19}) CHECK_FALSE((*filled[t])[nose].valid());
        for (const std::int64_t t : {2, 6, 10, 15}) CHECK(same(filled[t], track[t]));
        const Track longer = gaps_filled(track, 3);
        CHECK((*longer[12])[left_wrist].x == doctest::Approx((*whole[12])[left_wrist].x));
        CHECK_FALSE((*longer[0])[nose].valid());
    }

    TEST_CASE("smoothing leaves even motion, and takes trembling away") {
        const Track even = even_motion(30, 3);
        Track trembling = even;
        Random random(4);
        for (auto& pose : trembling) {
            for (Joint& joint : *pose) joint.x += 4 * (random.uniform() - 0.5);
        }
        const Track same_motion = smoothed(even, 4), calm = smoothed(trembling, 4);
        double before = 0, after = 0;
        for (std::size_t t = 0; t < even.size(); ++t) {
            for (std::size_t j = 0; j < body25_joints; ++j) {
                CHECK((*same_motion[t])[j].x == doctest::Approx((*even[t])[j].x));
                CHECK((*same_motion[t])[j].y == doctest::Approx((*even[t])[j].y));
                CHECK((*calm[t])[j].confidence == (*trembling[t])[j].confidence);
                before += std::pow((*trembling[t])[j].x - (*even[t])[j].x, 2);
                after += std::pow((*calm[t])[j].x - (*even[t])[j].x, 2);
            }
        }
        CHECK(after < before / 2);
    }

    TEST_CASE("smoothing by hand: weights, confidences, and no look past a gap") {
        Track track(5, Pose{});
        const double x[] = {10, 20, 60, 30, 90}, confidence[] = {0.9, 0.5, 0.8, 1.3, 0.4};
        for (std::size_t t = 0; t < 5; ++t) (*track[t])[nose] = {x[t], -x[t], confidence[t]};
        const double near = std::exp(-0.5) * 0.5, far = std::exp(-2.0) * 0.4;
        const double expected =
            (0.8 * 60 + near * (20 + 30) + far * (10 + 90)) / (0.8 + 2 * near + 2 * far);
        CHECK((*smoothed(track, 2)[2])[nose].x == doctest::Approx(expected));
        CHECK((*smoothed(track, 2)[2])[nose].y == doctest::Approx(-expected));
        // At the first frame there is nothing before, so nothing after is looked at either.
        CHECK((*smoothed(track, 2)[0])[nose].x == 10);
        (*track[1])[nose] = {};
        CHECK((*smoothed(track, 2)[2])[nose].x == 60);
        CHECK_FALSE((*smoothed(track, 2)[1])[nose].valid());
        track[3].reset();
        CHECK((*smoothed(track, 2)[2])[nose].x == 60);
        CHECK_FALSE(smoothed(track, 2)[3]);
    }
}

}  // namespace mdn::test
