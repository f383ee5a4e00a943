#include "data/keypoints/keypoint_scale.h"

#include <algorithm>

#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

using People = std::vector<std::vector<Pose>>;

constexpr FrameSize frame{1080, 1296};

/// A person who moves, beside a ghost of two joints, with joints missing here and there.
People people_in_pixels(std::uint64_t seed) {
    Random random(seed);
    People people;
    for (std::int64_t t = 0; t < 6; ++t) {
        Pose person = standing_figure(500 + 3.0 * static_cast<double>(t), 300, 800);
        person[random.below(body25_joints)] = {};
        Pose ghost;
        ghost[left_knee] = {20, 30, 0.3};
        people.push_back({ghost, person});
    }
    return people;
}

/// The numbers that OpenPose writes at --keypoint_scale `scale`.
People written_at(People people, int scale, FrameSize size) {
    const double longest = static_cast<double>(std::max(size.width, size.height)) - 1;
    const double across = scale >= 5 ? longest : static_cast<double>(size.width) - 1;
    const double down = scale >= 5 ? longest : static_cast<double>(size.height) - 1;
    for (auto& poses : people) {
        for (Pose& pose : poses) {
            for (Joint& joint : pose) {
                if (scale < 3) continue;
                joint.x /= across;
                joint.y /= down;
                if (scale == 4 || scale == 6)
                    joint = {2 * joint.x - 1, 2 * joint.y - 1, joint.confidence};
            }
        }
    }
    return people;
}

void check_equal(const People& got, const People& expected) {
    for (std::size_t t = 0; t < expected.size(); ++t) {
        for (std::size_t p = 0; p < expected[t].size(); ++p) {
            for (std::size_t j = 0; j < body25_joints; ++j) {
                const Joint &a = got[t][p][j], &b = expected[t][p][j];
                CHECK(a.valid() == b.valid());
                if (!b.valid()) continue;
                CHECK(a.x == doctest::Approx(b.x).epsilon(1e-9));
                CHECK(a.y == doctest::Approx(b.y).epsilon(1e-9));
            }
        }
    }
}

}  // namespace

TEST_SUITE("data/keypoints/keypoint_scale") {
    TEST_CASE("every scale that OpenPose writes comes back as pixels") {
        constexpr KeypointScale by_number[] = {KeypointScale::pixels,
                                               KeypointScale::pixels,
                                               KeypointScale::pixels,
                                               KeypointScale::unit,
                                               KeypointScale::symmetric,
                                               KeypointScale::unit_by_longest,
                                               KeypointScale::symmetric_by_longest};
        for (int scale = 0; scale <= 6; ++scale) {
            CAPTURE(scale);
            const People expected = people_in_pixels(static_cast<std::uint64_t>(scale));
            People people = written_at(expected, scale, frame);
            // A missing joint becomes (-1, -1, 0) at scale 4: it must count as missing still.
            to_pixels(people, by_number[scale], frame, std::nullopt);
            check_equal(people, expected);
            // Detected, except that 5 and 6 cannot be told from 3 and 4.
            people = written_at(expected, scale, frame);
            const KeypointScale found = detect_scale(people);
            CHECK(found == (scale < 5 ? by_number[scale] : by_number[scale - 2]));
            if (scale >= 5) continue;
            to_pixels(people, KeypointScale::automatic, frame, std::nullopt);
            check_equal(people, expected);
        }
    }

    TEST_CASE("stray joints do not decide, and missing ones say nothing") {
        for (const int scale : {0, 3, 4}) {
            CAPTURE(scale);
            People people = written_at(people_in_pixels(9), scale, frame);
            const KeypointScale without = detect_scale(people);
            people[1][1][nose] = {1e30, 1e30, 0.9};
            people[2][1][nose] = {3.5, -2.5, 0.9};
            people[3][1][nose] = {-0.3, 0.5, 0.9};
            people[4][1][nose] = {-1, -1, 0.9};
            for (Joint& joint : people[5][0]) joint = {-1, -1, 0};
            for (Joint& joint : people[4][0]) joint = {500, 0.5, 0};
            CHECK(detect_scale(people) == without);
        }
        // A head and shoulders at the upper edge in pixels are many joints near 0, but not most.
        CHECK(detect_scale({{standing_figure(30, 1, 40)}}) == KeypointScale::pixels);
        CHECK(detect_scale({}) == KeypointScale::pixels);
        CHECK(detect_scale({{Pose{}}, {}}) == KeypointScale::pixels);
    }

    TEST_CASE("somebody close to the camera has joints far below the picture") {
        for (const int scale : {3, 4}) {
            CAPTURE(scale);
            // Knees, ankles and feet lie below the picture.
            People people = people_in_pixels(5);
            for (auto& poses : people)
                for (Pose& pose : poses)
                    for (Joint& joint : pose) joint.y *= 2.2;
            const People expected = people;
            people = written_at(people, scale, frame);
            CHECK(detect_scale(people) ==
                  (scale == 3 ? KeypointScale::unit : KeypointScale::symmetric));
            to_pixels(people, KeypointScale::automatic, frame, std::nullopt);
            check_equal(people, expected);
        }
        // A person as small as this in pixels fits in eight of them.
        CHECK(detect_scale({{standing_figure(4, 2, 10)}}) == KeypointScale::pixels);
    }

    TEST_CASE("keypoints of the original video go to its resized frames") {
        const FrameSize small{256, 307};
        const People original = people_in_pixels(4);
        for (int scale = 0; scale <= 6; ++scale) {
            CAPTURE(scale);
            People people = written_at(original, scale, frame);
            to_pixels(people,
                      scale < 3    ? KeypointScale::pixels
                      : scale == 3 ? KeypointScale::unit
                      : scale == 4 ? KeypointScale::symmetric
                      : scale == 5 ? KeypointScale::unit_by_longest
                                   : KeypointScale::symmetric_by_longest,
                      small, frame);
            People expected = original;
            for (auto& poses : expected) {
                for (Pose& pose : poses) {
                    for (Joint& joint : pose) {
                        joint.x *= 256.0 / 1080;
                        joint.y *= 307.0 / 1296;
                    }
                }
            }
            check_equal(people, expected);
        }
    }
}

}  // namespace mdn::test
