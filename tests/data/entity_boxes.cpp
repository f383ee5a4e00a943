#include "data/entity_boxes.h"

#include <cmath>
#include <limits>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

void check_box(const std::optional<Box>& box, double x1, double y1, double x2, double y2) {
    REQUIRE(box);
    CHECK(box->x1 == doctest::Approx(x1).epsilon(1e-12));
    CHECK(box->y1 == doctest::Approx(y1).epsilon(1e-12));
    CHECK(box->x2 == doctest::Approx(x2).epsilon(1e-12));
    CHECK(box->y2 == doctest::Approx(y2).epsilon(1e-12));
}

void set(Pose& pose, Body25 joint, double x, double y) { pose[joint] = {x, y, 0.8}; }

/// Neck and MidHip 100 apart, so that u = 100.
Pose with_unit_100() {
    Pose pose;
    set(pose, neck, 200, 100);
    set(pose, mid_hip, 200, 200);
    return pose;
}

const std::vector<Entity> all = {Entity::face,      Entity::head,       Entity::torso,
                                 Entity::left_hand, Entity::right_hand, Entity::lower_body};

}  // namespace

TEST_SUITE("data/entity_boxes") {
    TEST_CASE("the unit of length and what stands in for it") {
        Pose pose = with_unit_100();
        set(pose, right_shoulder, 170, 110);
        set(pose, left_shoulder, 230, 190);  // 60 and 80 away: 100
        CHECK(unit_of_length(pose, 400) == doctest::Approx(100));
        pose[mid_hip].confidence = 0;
        CHECK(unit_of_length(pose, 400) == doctest::Approx(130));
        pose[mid_hip] = pose[neck];  // u = 0 is no unit
        CHECK(unit_of_length(pose, 400) == doctest::Approx(130));
        pose[neck].x = std::numeric_limits<double>::quiet_NaN();
        CHECK(unit_of_length(pose, 400) == doctest::Approx(130));
        pose[left_shoulder] = pose[right_shoulder];
        CHECK(unit_of_length(pose, 400) == doctest::Approx(160));
        CHECK(unit_of_length(Pose{}, 112) == doctest::Approx(44.8));
    }

    TEST_CASE("face and head") {
        Pose pose = with_unit_100();
        set(pose, nose, 205, 60);
        set(pose, right_eye, 195, 50);
        set(pose, left_ear, 225, 55);
        check_box(entity_box(Entity::face, pose, 400), 180, 35, 240, 75);
        // Head: with the neck (200, 100), and 25 more above.
        check_box(entity_box(Entity::head, pose, 400), 180, 10, 240, 115);
        for (const Body25 joint : {nose, right_eye, left_ear}) pose[joint] = {};
        CHECK_FALSE(entity_box(Entity::face, pose, 400));
        check_box(entity_box(Entity::head, pose, 400), 185, 60, 215, 115);
    }

    TEST_CASE("torso and lower body") {
        Pose pose = with_unit_100();
        set(pose, left_shoulder, 240, 105);
        set(pose, right_hip, 180, 210);
        set(pose, left_big_toe, 250, 380);
        check_box(entity_box(Entity::torso, pose, 400), 170, 90, 250, 220);
        check_box(entity_box(Entity::lower_body, pose, 400), 170, 200, 260, 390);
        CHECK_FALSE(entity_box(Entity::lower_body, with_unit_100(), 400));
    }

    TEST_CASE("hands lie beyond the wrist; a joint at x = 0 is a joint") {
        Pose pose = with_unit_100();
        set(pose, left_wrist, 300, 200);
        CHECK(entity_box(Entity::left_hand, pose, 400));
        check_box(entity_box(Entity::left_hand, pose, 400), 278, 178, 322, 222);
        set(pose, left_elbow, 280, 160);  // 0.35 · (20, 40) = (7, 14)
        check_box(entity_box(Entity::left_hand, pose, 400), 285, 192, 329, 236);
        CHECK_FALSE(entity_box(Entity::right_hand, pose, 400));
        set(pose, right_elbow, 20, 100);
        CHECK_FALSE(entity_box(Entity::right_hand, pose, 400));
        set(pose, right_wrist, 0, 100);  // centre (-7, 100); the box is cut at 0
        check_box(entity_box(Entity::right_hand, pose, 400), 0, 78, 25, 122);
    }

    TEST_CASE("clipping, the shortest side, and no area left") {
        Pose pose = with_unit_100();
        // Centre (418, 100): 396…440 is cut to 396…400, then grown to 25 and moved back inside.
        set(pose, left_wrist, 418, 100);
        check_box(entity_box(Entity::left_hand, pose, 400), 375, 78, 400, 122);
        pose[left_wrist].x = 422;  // 400…444: only an edge is left
        CHECK_FALSE(entity_box(Entity::left_hand, pose, 400));
        pose[left_wrist] = {100, -19, 0.9};  // -41…3 → 0…3, grown to 25 at the top
        check_box(entity_box(Entity::left_hand, pose, 400), 78, 0, 122, 25);
        // Well inside, a small box grows around its centre: u = 10, hand 4.4 wide.
        pose[mid_hip].y = 110;
        pose[left_wrist] = {100, 200, 0.9};
        check_box(entity_box(Entity::left_hand, pose, 400), 87.5, 187.5, 112.5, 212.5);
        // Numbers near the end of the range do not become a box.
        pose[left_wrist] = {1e308, 1e308, 0.9};
        pose[left_elbow] = {-1e308, 1e308, 0.9};
        CHECK_FALSE(entity_box(Entity::left_hand, pose, 400));
    }

    TEST_CASE("an unseen entity takes the nearest frame's box, the earlier on a tie") {
        // The hand is seen in frames 1 and 3 of 6, the face in none, frame 4 has nobody.
        std::vector<std::optional<Pose>> poses(6, with_unit_100());
        for (const std::int64_t t : {1, 3}) {
            set(*poses[t], left_wrist, 100.0 * static_cast<double>(t), 300);
        }
        poses[4] = std::nullopt;
        std::vector<float> boxes(6 * 2 * 4, -1);
        CHECK(keypoint_boxes({Entity::left_hand, Entity::face}, poses, 400, boxes.data()));
        const double expected[6] = {78, 78, 78, 278, 278, 278};
        for (std::int64_t t = 0; t < 6; ++t) {
            CAPTURE(t);
            CHECK(boxes[8 * t] == doctest::Approx(expected[t]));
            CHECK(boxes[8 * t + 1] == doctest::Approx(278));
            CHECK(boxes[8 * t + 2] == doctest::Approx(expected[t] + 44));
            CHECK(std::vector<float>(boxes.begin() + 8 * t + 4, boxes.begin() + 8 * t + 8) ==
                  std::vector<float>{0, 0, 400, 400});
        }
    }

    TEST_CASE("a clip without a visible person is all whole frames, and said to be") {
        std::vector<float> boxes(3 * 6 * 4, -1);
        CHECK_FALSE(keypoint_boxes(all, {std::nullopt, Pose{}, std::nullopt}, 96, boxes.data()));
        std::vector<float> whole(boxes.size(), -1);
        whole_frame_boxes(all, 3, 96, whole.data());
        CHECK(boxes == whole);
        CHECK(whole[0] == 0);
        CHECK(whole[71] == 96);
    }

    TEST_CASE("the fixed layout") {
        std::vector<float> boxes(2 * 2 * 4, -1);
        fixed_boxes({Entity::head, Entity::lower_body}, 2, 100, boxes.data());
        const float expected[8] = {36, 4, 64, 30, 20, 55, 80, 100};
        for (std::int64_t i = 0; i < 16; ++i) CHECK(boxes[i] == doctest::Approx(expected[i % 8]));
    }

    TEST_CASE("names") {
        CHECK(entity_from_name("left_hand") == Entity::left_hand);
        CHECK(entity_from_name("lower_body") == Entity::lower_body);
        CHECK(contains(error_of([] { entity_from_name("foot"); }), {"'foot'", "lower_body"}));
    }
}

}  // namespace mdn::test
