#include "data/keypoints/posture.h"

#include <cmath>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Turned around the origin.
Pose turned(Pose pose, double degrees) {
    const double angle = degrees * 3.14159265358979 / 180, c = std::cos(angle), s = std::sin(angle);
    for (Joint& joint : pose)
        joint = {c * joint.x - s * joint.y, s * joint.x + c * joint.y, joint.confidence};
    return pose;
}

/// As it looks in a mirror, where nobody exchanges left and right.
Pose mirrored(Pose pose) {
    for (Joint& joint : pose) joint.x = 300 - joint.x;
    return pose;
}

}  // namespace

TEST_SUITE("data/keypoints/posture") {
    TEST_CASE("left and right of a person who faces the camera, however the picture is turned") {
        const Pose right_way = standing_figure(120, 50, 200);
        for (const double degrees : {0.0, 30.0, 90.0, 180.0, 270.0}) {
            CAPTURE(degrees);
            CHECK(sides_are_exchanged(turned(right_way, degrees)) == false);
            CHECK(sides_are_exchanged(turned(mirrored(right_way), degrees)) == true);
        }
    }

    TEST_CASE("who shows no face, or only a side, tells nothing about left and right") {
        for (const Body25 joint : {nose, left_eye, right_eye, left_shoulder, right_shoulder}) {
            Pose pose = mirrored(standing_figure(120, 50, 200));
            // Somebody who turns the back: the face is guessed.
            pose[joint].confidence = 0.3;
            CHECK_FALSE(sides_are_exchanged(pose));
            pose[joint] = {};
            CHECK_FALSE(sides_are_exchanged(pose));
        }
        Pose profile = standing_figure(120, 50, 200);
        profile[left_shoulder].x = profile[right_shoulder].x - 3;
        CHECK_FALSE(sides_are_exchanged(profile));
    }

    TEST_CASE("joints at the same place, in most poses that show both") {
        CoincidenceCount count, other;
        for (int t = 0; t < 12; ++t) {
            Pose pose = standing_figure(100 + t, 50, 200);
            // Two groups; the hips coincide in five of twelve only.
            if (t > 0) pose[neck] = pose[mid_hip] = pose[nose];
            if (t > 2) pose[left_ear] = pose[left_eye];
            if (t > 6) pose[left_hip] = pose[right_hip];
            // Nothing depends on toes, and missing joints are at the same place by convention.
            pose[left_small_toe] = pose[left_big_toe];
            pose[left_wrist] = pose[right_wrist] = {};
            (t % 2 ? count : other).add(pose, std::nullopt);
        }
        count.add(other);
        const auto groups = count.groups(12);
        REQUIRE(groups.size() == 2);
        CHECK(groups[0].joints == std::vector<Body25>{nose, neck, mid_hip});
        CHECK(groups[0].count.held == 11);
        CHECK(groups[0].count.told == 12);
        CHECK(groups[1].joints == std::vector<Body25>{left_eye, left_ear});
        CHECK(count.groups(13).empty());
    }

    TEST_CASE("joints that were moved to the border of the frame tell nothing") {
        CoincidenceCount inside, unknown;
        for (int t = 0; t < 12; ++t) {
            Pose pose = standing_figure(100, 50, 200);
            pose[left_ankle] = pose[right_ankle] = {99, 120, 0.9};
            inside.add(pose, FrameSize{300, 121});
            unknown.add(pose, std::nullopt);
        }
        CHECK(inside.groups(12).empty());
        CHECK(unknown.groups(12).size() == 1);
    }
}

}  // namespace mdn::test
