#include "data/entity_joints.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/transform.h"
#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

using Poses = std::vector<std::optional<Pose>>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const std::vector<Entity> all = {Entity::face,      Entity::head,       Entity::torso,
                                 Entity::left_hand, Entity::right_hand, Entity::lower_body};

void set(Pose& pose, Body25 joint, double x, double y, double confidence = 0.8) {
    pose[joint] = {x, y, confidence};
}

Pose with(std::initializer_list<std::pair<Body25, std::pair<double, double>>> joints) {
    Pose pose;
    for (const auto& [joint, place] : joints) set(pose, joint, place.first, place.second);
    return pose;
}

void check_frame(const BodyFrame& body, double x, double y, double unit) {
    CHECK(body.x == doctest::Approx(x).epsilon(1e-12));
    CHECK(body.y == doctest::Approx(y).epsilon(1e-12));
    CHECK(body.unit == doctest::Approx(unit).epsilon(1e-12));
}

/// A figure that walks and whose every joint trembles; in some frames joints or everybody are
/// missing.
Poses random_clip(std::uint64_t seed) {
    Random random(seed);
    Poses clip;
    for (int t = 0; t < 9; ++t) {
        Pose pose = standing_figure(300 + 5 * t, 80, 400);
        for (Joint& joint : pose) {
            joint.x += random.uniform(-20, 20);
            joint.y += random.uniform(-20, 20);
            joint.confidence = random.uniform(0.2, 1);
            if (random.below(6) == 0) joint = {0, 0, 0};
        }
        clip.push_back(t == 4 ? std::nullopt : std::optional(pose));
    }
    return clip;
}

/// All the way from a clip to its joints, all frames sampled.
std::vector<float> joints_of_clip(const Poses& clip, const Transform& mirror = {}) {
    const BodyFrame body = body_frame(clip);
    Poses poses;
    for (const auto& pose : clip)
        poses.push_back(pose ? std::optional(moved(mirror, in_body_frame(*pose, body)))
                             : std::nullopt);
    std::vector<float> joints(clip.size() * all.size() * entity_joint_slots * 3, -7.0f);
    entity_joints(all, poses, joints.data());
    return joints;
}

Poses moved_clip(const Transform& transform, const Poses& clip) {
    Poses out;
    for (const auto& pose : clip)
        out.push_back(pose ? std::optional(moved(transform, *pose)) : std::nullopt);
    return out;
}

void check_close(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    double largest = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
        size = std::max(size, std::abs(static_cast<double>(b[i])));
    }
    CHECK(largest < 1e-5);
    CHECK(size > 1);
}

}  // namespace

TEST_SUITE("data/entity_joints") {
    TEST_CASE("the frame is the median neck and the median unit, whatever single frames say") {
        const auto body = [](double x, double y, double u) {
            return with({{neck, {x, y}}, {mid_hip, {x, y + u}}});
        };
        Poses clip = {body(200, 100, 100), body(210, 90, 110), body(220, 105, 90)};
        check_frame(body_frame(clip), 210, 100, 100);
        clip[0] = body(9e5, -9e5, 1.5e6);
        clip.push_back(std::nullopt);
        clip.push_back(Pose{});
        check_frame(body_frame(clip), 220, 90, 110);
        clip.push_back(body(0, 0, 10));  // four values: between the two in the middle
        check_frame(body_frame(clip), 215, 45, 100);
        // What is too far away to be seen does not count.
        check_frame(body_frame({body(200, 100, 100), body(1e30, -1e30, 10)}), 200, 100, 100);
    }

    TEST_CASE("what stands in for the neck and for the unit") {
        // Shoulders 60 and 80 apart: 130. No neck: the mid hip.
        Pose pose =
            with({{mid_hip, {50, 70}}, {right_shoulder, {20, 10}}, {left_shoulder, {80, 90}}});
        check_frame(body_frame({pose}), 50, 70, 130);
        // One frame with a neck is enough.
        check_frame(body_frame({pose, with({{neck, {40, 20}}}), pose}), 40, 20, 130);
        // Neither: the bounds of the valid joints, here 40 by 30 around (30, 25).
        pose = with({{left_knee, {10, 10}}, {left_ankle, {50, 40}}});
        set(pose, nose, 900, 900, 0);
        check_frame(body_frame({std::nullopt, pose}), 30, 25, 40);
        check_frame(body_frame({with({{nose, {7, 8}}})}), 7, 8, 0);
        check_frame(body_frame({}), 0, 0, 0);
        check_frame(body_frame({Pose{}}), 0, 0, 0);
    }

    TEST_CASE("positions in units of the body, invalid joints all 0") {
        Pose pose;
        set(pose, left_wrist, 260, 240, 0.7);
        set(pose, nose, 180, 60, 1.00002);
        set(pose, right_wrist, 260, 240, 0);
        set(pose, right_elbow, nan, 240, 0.9);
        set(pose, left_elbow, 0, 0, -7e-6);
        const Pose out = in_body_frame(pose, {.x = 200, .y = 100, .unit = 200});
        CHECK(out[left_wrist].x == doctest::Approx(0.3));
        CHECK(out[left_wrist].y == doctest::Approx(0.7));
        CHECK(out[left_wrist].confidence == 0.7);
        CHECK(out[nose].x == doctest::Approx(-0.1));
        CHECK(out[nose].confidence == 1);
        for (const Body25 joint : {right_wrist, right_elbow, left_elbow, mid_hip}) {
            CHECK(out[joint].x == 0);
            CHECK(out[joint].y == 0);
            CHECK(out[joint].confidence == 0);
        }
    }

    TEST_CASE("absurd positions end at the border, and none is ever not a number") {
        Pose pose;
        set(pose, neck, 1e30, -1e30);
        set(pose, nose, 9e5, -9e5);
        const Pose out = in_body_frame(pose, {.x = -9e5, .y = 9e5, .unit = 1e-300});
        CHECK(out[neck].confidence == 0);
        CHECK(out[nose].x == farthest_joint);
        CHECK(out[nose].y == -farthest_joint);
        // Without a unit there are no positions, but it is still seen which joints are there.
        const Pose placeless = in_body_frame(pose, {.x = 5, .y = 5, .unit = 0});
        CHECK(placeless[nose].x == 0);
        CHECK(placeless[nose].confidence == 0.8);

        Random random(3);
        constexpr double values[] = {0,    -1,   5e-324,  1e-300,   100,       9e5,
                                     -9e5, 1e30, 1.7e308, infinity, -infinity, nan};
        for (int trial = 0; trial < 300; ++trial) {
            Poses clip(3);
            for (auto& each : clip) {
                each.emplace();
                for (Joint& joint : *each)
                    joint = {values[random.below(12)], values[random.below(12)],
                             random.uniform(-0.2, 1.2)};
            }
            for (const float x : joints_of_clip(clip)) CHECK(std::abs(x) <= farthest_joint);
        }
    }

    TEST_CASE("each entity's joints lie in its slots, the rest are 0") {
        Pose pose;
        for (std::size_t j = 0; j < pose.size(); ++j)
            pose[j] = {0.1 * static_cast<double>(j), -0.2 * static_cast<double>(j), 0.5};
        pose[right_eye] = {};
        const std::vector<Entity> entities = {Entity::right_hand, Entity::head, Entity::lower_body};
        std::vector<float> joints(2 * 3 * 36, -7.0f);
        CHECK(entity_joints(entities, {std::nullopt, pose}, joints.data()));
        const std::vector<std::vector<int>> expected = {
            {2, 3, 4}, {0, 1, -1, 16, 17, 18}, {9, 10, 11, 12, 13, 14, 19, 20, 21, 22, 23, 24}};
        for (std::size_t k = 0; k < 3; ++k)
            for (std::size_t slot = 0; slot < 12; ++slot) {
                CAPTURE(k);
                CAPTURE(slot);
                const int j = slot < expected[k].size() ? expected[k][slot] : -1;
                const float* before = joints.data() + k * 36 + slot * 3;
                const float* got = before + 3 * 36;
                for (int i = 0; i < 3; ++i) CHECK(before[i] == 0);
                CHECK(got[0] == doctest::Approx(j < 0 ? 0 : 0.1 * j));
                CHECK(got[1] == doctest::Approx(j < 0 ? 0 : -0.2 * j));
                CHECK(got[2] == (j < 0 ? 0.0f : 0.5f));
            }
        CHECK_FALSE(entity_joints(entities, {std::nullopt, Pose{}}, joints.data()));
        // Somebody is there, but none of what is asked for.
        CHECK_FALSE(entity_joints({Entity::face}, {with({{left_knee, {1, 1}}})}, joints.data()));
    }

    TEST_CASE("moving and scaling the picture changes nothing") {
        const Poses clip = random_clip(1);
        const auto joints = joints_of_clip(clip);
        check_close(joints_of_clip(moved_clip({.offset_x = 1000, .offset_y = -300}, clip)), joints);
        check_close(joints_of_clip(moved_clip({.scale_x = 0.3, .scale_y = 0.3}, clip)), joints);
        // Motion inside the clip is kept: a step to the side shows.
        Poses stepped = clip;
        stepped[2] = moved({.offset_x = 40}, *stepped[2]);
        const auto other = joints_of_clip(stepped);
        CHECK(std::equal(joints.begin(), joints.begin() + 2 * 6 * 36, other.begin()));
        CHECK_FALSE(std::equal(joints.begin() + 2 * 6 * 36, joints.begin() + 3 * 6 * 36,
                               other.begin() + 2 * 6 * 36));
    }

    TEST_CASE("mirroring the joints is mirroring the picture") {
        const Poses clip = random_clip(2);
        const auto mirrored = joints_of_clip(clip, {.scale_x = -1});
        check_close(joints_of_clip(moved_clip({.scale_x = -1, .offset_x = 640}, clip)), mirrored);
        // The left hand's slots hold what was the right hand's, x negated.
        const auto joints = joints_of_clip(clip);
        for (std::size_t t = 0; t < clip.size(); ++t)
            for (std::size_t i = 0; i < 36; ++i) {
                const float left = mirrored[(t * 6 + 3) * 36 + i];
                CHECK(left == (i % 3 == 0 ? -1 : 1) * joints[(t * 6 + 4) * 36 + i]);
            }
    }
}

}  // namespace mdn::test
