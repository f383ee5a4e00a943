#include "data/keypoints/joint_names.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

JointNames listed(const std::vector<std::string>& names) {
    JointNames result;
    for (std::size_t i = 0; i < names.size(); ++i) result[i] = names[i];
    return result;
}

std::string error_in(const std::vector<std::string>& names) {
    return error_of([&] { order_called(listed(names), "x.json"); });
}

}  // namespace

TEST_SUITE("data/keypoints/joint_names") {
    TEST_CASE("case, separators and the place of the side do not matter") {
        for (const char* name :
             {"left_shoulder", "LShoulder", "L-Sho", "l_shoulder", "Left Shoulder", "leftShoulder",
              "shoulder_left", "shoulder.L", "LEFT-SHOULDER"}) {
            CAPTURE(name);
            CHECK(joint_called(name) == left_shoulder);
        }
        for (const char* name : {"R-Wr", "right_wrist", "RWrist", "wrist r"}) {
            CAPTURE(name);
            CHECK(joint_called(name) == right_wrist);
        }
        // "rear" is no word here, and neither is the l of heel a side.
        CHECK(joint_called("REar") == right_ear);
        CHECK(joint_called("LEar") == left_ear);
        CHECK(joint_called("LHeel") == left_heel);
        CHECK(joint_called("MidHip") == mid_hip);
        CHECK(joint_called("LBigToe") == left_big_toe);
        for (std::size_t j = 0; j < body25_joints; ++j)
            CHECK(joint_called(name_of(static_cast<Body25>(j))) == static_cast<Body25>(j));
        // Parts that BODY_25 has none of, and names that are not known.
        for (const char* name :
             {"head", "head_top", "left_thumb", "left_eye_inner", "spine", "other"})
            CHECK(joint_called(name) == body25_joints);
        for (const char* name : {"", "left", "heel", "l_f_paw", "root_of_tail", "kp1"})
            CHECK_FALSE(joint_called(name));
    }

    TEST_CASE("an order by names, with stand-ins where the joint itself is not named") {
        const NamedOrder order =
            order_called(listed({"R-Sho", "head", "l_shoulder", "pelvis", "neck", "thorax"}), "x");
        CHECK(order.joints == std::vector<Body25>{right_shoulder, body25_joints, left_shoulder,
                                                  mid_hip, neck, body25_joints});
        CHECK(order.dropped == std::vector<std::string>{"head", "thorax"});
        // The stand-in may come first.
        CHECK(order_called(listed({"left_foot", "left_ankle"}), "x").joints ==
              std::vector<Body25>{body25_joints, left_ankle});
        CHECK(order_called(listed({"left_foot", "right_foot"}), "x").joints ==
              std::vector<Body25>{left_ankle, right_ankle});
    }

    TEST_CASE("names that are not known, or mean the same, are refused by name") {
        CHECK(contains(error_in({"nose", "left_paw"}),
                       {"x.json: joint 1 'left_paw'", "rename", "--layout"}));
        CHECK(contains(error_in({"left_eye", "nose", "L-Eye"}),
                       {"x.json: joints 0 'left_eye' and 2 'L-Eye'", "left eye"}));
    }

    TEST_CASE("lists of joints as a sentence has them") {
        CHECK(names_of({nose}) == "the nose");
        CHECK(names_of({nose, neck}) == "the nose and the neck");
        CHECK(names_of({nose, neck, mid_hip}) == "the nose, the neck and the mid-hip");
    }
}

}  // namespace mdn::test
