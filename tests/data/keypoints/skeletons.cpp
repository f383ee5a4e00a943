#include "data/keypoints/skeletons.h"

#include <algorithm>
#include <vector>

#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Every joint of a figure, in the order of another layout, as its file would list them.
std::vector<double> listed(const Pose& pose, const std::vector<Body25>& order) {
    std::vector<double> numbers;
    for (const Body25 joint : order) {
        if (joint == body25_joints) {
            numbers.insert(numbers.end(), {7, 7, 0.9});
        } else {
            numbers.insert(numbers.end(), {pose[joint].x, pose[joint].y, pose[joint].confidence});
        }
    }
    return numbers;
}

Pose random_figure(std::uint64_t seed) {
    Random random(seed);
    Pose pose = standing_figure(100, 60, 300);
    for (Joint& joint : pose)
        joint = {joint.x + random.uniform(), joint.y + random.uniform(), 0.1 + random.uniform()};
    return pose;
}

void check_joint(const Joint& got, const Joint& expected) {
    CHECK(got.x == doctest::Approx(expected.x));
    CHECK(got.y == doctest::Approx(expected.y));
    CHECK(got.confidence == expected.confidence);
}

/// Compares what the layout has, and neck and mid-hip with the middles that stand for them.
void check_mapped(const Pose& got, const Pose& figure, const std::vector<Body25>& order) {
    const auto has = [&](Body25 joint) {
        return std::find(order.begin(), order.end(), joint) != order.end();
    };
    const auto middle = [&](Body25 a, Body25 b) {
        return Joint{(figure[a].x + figure[b].x) / 2, (figure[a].y + figure[b].y) / 2,
                     std::min(figure[a].confidence, figure[b].confidence)};
    };
    for (std::int64_t j = 0; j < body25_joints; ++j) {
        CAPTURE(j);
        const auto joint = static_cast<Body25>(j);
        if (has(joint)) {
            check_joint(got[j], figure[j]);
        } else if (joint == neck) {
            check_joint(got[j], middle(left_shoulder, right_shoulder));
        } else if (joint == mid_hip) {
            check_joint(got[j], middle(left_hip, right_hip));
        } else {
            CHECK_FALSE(got[j].valid());
        }
    }
}

// The orders as their authors publish them, written out once more.
const std::vector<Body25> coco18 = {
    nose,       neck,       right_shoulder, right_elbow, right_wrist, left_shoulder,
    left_elbow, left_wrist, right_hip,      right_knee,  right_ankle, left_hip,
    left_knee,  left_ankle, right_eye,      left_eye,    right_ear,   left_ear};
const std::vector<Body25> coco17 = {
    nose,           left_eye,   right_eye,   left_ear,   right_ear,   left_shoulder,
    right_shoulder, left_elbow, right_elbow, left_wrist, right_wrist, left_hip,
    right_hip,      left_knee,  right_knee,  left_ankle, right_ankle};
const std::vector<Body25> body25b = {
    nose,           left_eye,       right_eye,     left_ear,        right_ear,
    left_shoulder,  right_shoulder, left_elbow,    right_elbow,     left_wrist,
    right_wrist,    left_hip,       right_hip,     left_knee,       right_knee,
    left_ankle,     right_ankle,    body25_joints, body25_joints,   left_big_toe,
    left_small_toe, left_heel,      right_big_toe, right_small_toe, right_heel};

/// COCO-17, then other joints, then face and hands.
std::vector<Body25> after_coco17(const std::vector<Body25>& rest, std::size_t size) {
    std::vector<Body25> order = coco17;
    order.insert(order.end(), rest.begin(), rest.end());
    order.resize(size, body25_joints);
    return order;
}
const std::vector<Body25> halpe = {body25_joints,   neck,          mid_hip,
                                   left_big_toe,    right_big_toe, left_small_toe,
                                   right_small_toe, left_heel,     right_heel};
const std::vector<Body25> feet = {left_big_toe,  left_small_toe,  left_heel,
                                  right_big_toe, right_small_toe, right_heel};
// root, right leg, left leg, spine, thorax, neck base (the nose), head, left arm, right arm.
const std::vector<Body25> human36m = {
    mid_hip,    right_hip,     right_knee,     right_ankle, left_hip,      left_knee,
    left_ankle, body25_joints, neck,           nose,        body25_joints, left_shoulder,
    left_elbow, left_wrist,    right_shoulder, right_elbow, right_wrist};

}  // namespace

TEST_SUITE("data/keypoints/skeletons") {
    TEST_CASE("body and feet of larger layouts, and Human3.6M when asked for") {
        Pose figure = random_figure(3);
        for (const auto& order :
             {after_coco17(halpe, 26), after_coco17(halpe, 136), after_coco17(feet, 133)}) {
            CAPTURE(order.size());
            const auto pose = body25_pose(listed(figure, order), KeypointLayout::body25);
            REQUIRE(pose);
            check_mapped(*pose, figure, order);
            CHECK((*pose)[right_heel].valid());
        }
        REQUIRE(skeleton_of_size(17));
        const auto others = skeletons_like(*skeleton_of_size(17));
        REQUIRE(others.size() == 1);
        CHECK(std::string(others[0]->option) == "human36m");
        for (const Body25 joint : {left_eye, right_eye, left_ear, right_ear}) figure[joint] = {};
        check_mapped(body25_pose(listed(figure, human36m), *others[0]), figure, human36m);
        CHECK(skeleton_of_size(16) == nullptr);
        CHECK(contains(known_layouts(), {"75 (BODY_25), 54 (COCO-18)", "399 (COCO-WholeBody)",
                                         " or 408 (Halpe-136)"}));
    }

    TEST_CASE("each layout gives every joint its place") {
        const Pose figure = random_figure(1);
        for (const auto& order : {coco18, coco17}) {
            const auto pose = body25_pose(listed(figure, order), KeypointLayout::body25);
            REQUIRE(pose);
            check_mapped(*pose, figure, order);
        }
        std::vector<Body25> body25;
        for (std::int64_t j = 0; j < body25_joints; ++j) body25.push_back(static_cast<Body25>(j));
        check_mapped(*body25_pose(listed(figure, body25), KeypointLayout::body25), figure, body25);
        check_mapped(*body25_pose(listed(figure, body25b), KeypointLayout::body25b), figure,
                     body25b);
        // The choice between the two of 75 numbers says nothing about the others.
        check_mapped(*body25_pose(listed(figure, coco17), KeypointLayout::body25b), figure, coco17);
    }

    TEST_CASE("a middle needs both ends") {
        Pose figure = random_figure(2);
        figure[left_hip] = {};
        figure[right_shoulder].confidence = 0;
        const auto pose = body25_pose(listed(figure, coco17), KeypointLayout::body25);
        CHECK_FALSE((*pose)[neck].valid());
        CHECK_FALSE((*pose)[mid_hip].valid());
        CHECK((*pose)[right_hip].valid());
    }

    TEST_CASE("a joint at exactly (0, 0) or (-1, -1) was not seen, whatever its confidence") {
        for (const double place : {0.0, -1.0}) {
            Pose figure = random_figure(3);
            figure[left_shoulder] = {place, place, 0.3};
            figure[nose] = {place, 40, 0.4};  // the border of the picture is a place
            const auto coco = *body25_pose(listed(figure, coco17), KeypointLayout::body25);
            CHECK_FALSE(coco[left_shoulder].valid());
            CHECK_FALSE(coco[neck].valid());  // it would lie half way to the corner
            CHECK(coco[nose].valid());
            std::vector<double> numbers;
            for (const Joint& joint : figure)
                numbers.insert(numbers.end(), {joint.x, joint.y, joint.confidence});
            CHECK_FALSE((*body25_pose(numbers, KeypointLayout::body25))[left_shoulder].valid());
        }
    }

    TEST_CASE("no other length is a person") {
        std::vector<double> numbers;
        for (int count = 0; count < 412; ++count) {
            CAPTURE(count);
            CHECK(body25_pose(numbers, KeypointLayout::body25).has_value() ==
                  (count == 75 || count == 54 || count == 51 || count == 78 || count == 399 ||
                   count == 408));
            numbers.push_back(0.5);
        }
    }
}

}  // namespace mdn::test
