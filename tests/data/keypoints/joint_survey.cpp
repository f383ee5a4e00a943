#include "data/keypoints/joint_survey.h"

#include "data/keypoints/skeletons.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

constexpr FrameSize size{341, 256};

/// Ten frames of a figure that drifts to the right.
Track figure(double x, double y, double height) {
    Track track;
    for (int t = 0; t < 10; ++t) track.emplace_back(standing_figure(x + t, y, height));
    return track;
}

Track scaled(Track track, double x, double y) {
    for (auto& pose : track)
        for (Joint& joint : *pose) joint = {joint.x * x, joint.y * y, joint.confidence};
    return track;
}

/// The messages about clips of three people in different places.
std::string findings(const std::vector<Track>& clips) {
    JointSurvey survey;
    for (const Track& clip : clips) {
        std::vector<std::vector<Pose>> people;
        for (const auto& pose : clip) people.push_back({*pose});
        survey.add(people, clip, size);
    }
    std::string text;
    for (const auto& [message, hint] : survey.findings()) text += message + " | " + hint + "\n";
    return text;
}

std::vector<Track> people(double x_factor, double y_factor) {
    return {scaled(figure(150, 20, 200), x_factor, y_factor),
            scaled(figure(90, 30, 210), x_factor, y_factor),
            scaled(figure(240, 25, 190), x_factor, y_factor)};
}

}  // namespace

TEST_SUITE("data/keypoints/joint_survey") {
    TEST_CASE("joints where they belong give nothing to say") {
        CHECK(findings(people(1, 1)) == "");
        CHECK(findings({}) == "");
        // A little beyond the border, as estimators guess.
        CHECK(findings({figure(150, 60, 200)}) == "");
    }

    TEST_CASE("keypoints of another size than the frames'") {
        // Found in 480x360.
        CHECK(contains(findings(people(480.0 / 341, 360.0 / 256)),
                       {"lie outside", "of the width", "--keypoint-size"}));
        // Half of the size: inside everywhere.
        CHECK(contains(findings(people(0.5, 0.5)), {"upper left", "--keypoint-size"}));
        // Found in 480x360, and nowhere outside: a person on the left of every clip.
        CHECK(contains(findings({figure(120, 75, 160)}), {"left half", "x from 2"}));
        // A stray joint hides nothing.
        std::vector<Track> strays = people(0.5, 0.5);
        (*strays[0][3])[left_wrist] = {300, 230, 0.06};
        CHECK(contains(findings(strays), {"upper left"}));
        // Not where somebody else is on the right.
        JointSurvey two;
        const Track left = figure(80, 40, 150), right = figure(260, 40, 150);
        two.add({{*left[0], *right[0]}}, {left[0]}, size);
        CHECK(two.findings().empty());
        // Width and height swapped.
        CHECK(contains(findings(people(256.0 / 341, 341.0 / 256)), {"lie outside"}));
    }

    TEST_CASE("extents in shares and in pixels") {
        JointSurvey survey;
        Pose pose;
        pose[nose] = {0.1 * 341, 0.25 * 256, 1};
        pose[neck] = {1.2 * 341, 0.5 * 256, 1};
        survey.add({{pose}, {}}, {pose, std::nullopt}, size);
        CHECK(survey.joints() == 2);
        CHECK(survey.outside() == 1);
        CHECK(survey.extent() ==
              "x from 10 % to 120 % of the width, y from 25 % to 50 % of the height");
        CHECK(survey.extent_in(size) == "x from 34 to 409, y from 64 to 128");
    }

    TEST_CASE("Human3.6M's 17 joints read as COCO's are noticed") {
        // Human3.6M: hip, right leg, left leg, spine, thorax, neck, head, left arm, right arm.
        constexpr Body25 order[] = {
            mid_hip,    right_hip,  right_knee,     right_ankle, left_hip,   left_knee,
            left_ankle, neck,       neck,           neck,        nose,       left_shoulder,
            left_elbow, left_wrist, right_shoulder, right_elbow, right_wrist};
        std::vector<Track> clips;
        for (const Track& clip : people(1, 1)) {
            Track read;
            for (const auto& pose : clip) {
                std::vector<double> numbers;
                for (const Body25 joint : order)
                    numbers.insert(numbers.end(), {(*pose)[joint].x, (*pose)[joint].y, 0.9});
                read.push_back(body25_pose(numbers, KeypointLayout::body25));
            }
            clips.push_back(read);
        }
        CHECK(contains(findings(clips), {"head is below the hips", "microdualnet keypoints"}));
    }

    TEST_CASE("left and right that do not fit together are noticed") {
        std::vector<Track> clips = people(1, 1);
        for (Track& clip : clips)
            for (auto& pose : clip) std::swap((*pose)[left_hip], (*pose)[right_hip]);
        CHECK(contains(findings(clips), {"left hip are on different sides"}));
        clips = people(1, 1);
        for (Track& clip : clips)
            for (auto& pose : clip) std::swap((*pose)[left_eye], (*pose)[right_eye]);
        CHECK(contains(findings(clips), {"left eye are on different sides"}));
        // An order of joints that has left before right: all that is left is on the wrong side.
        clips = people(1, 1);
        for (Track& clip : clips)
            for (auto& pose : clip)
                for (const auto& [left, right] :
                     {std::pair(left_eye, right_eye), std::pair(left_ear, right_ear),
                      std::pair(left_shoulder, right_shoulder), std::pair(left_elbow, right_elbow),
                      std::pair(left_wrist, right_wrist), std::pair(left_hip, right_hip)})
                    std::swap((*pose)[left], (*pose)[right]);
        CHECK(contains(findings(clips),
                       {"in 30 of 30 frames", "left and right may be exchanged", "from behind"}));
        CHECK_FALSE(contains(findings(clips), {"different sides"}));
    }

    TEST_CASE("joints that were written in the place of others are noticed") {
        std::vector<Track> clips = people(1, 1);
        for (Track& clip : clips)
            for (auto& pose : clip) (*pose)[neck] = (*pose)[nose];
        CHECK(contains(findings(clips), {"in 30 of 30 frames that show the nose and the neck",
                                         "exactly the same place", "0, 0, 0"}));
    }

    TEST_CASE("without frames only the body itself is looked at") {
        JointSurvey survey;
        for (Track clip : people(3, 3)) {
            for (auto& pose : clip) (*pose)[neck] = (*pose)[nose];
            survey.add({}, clip, std::nullopt);
        }
        CHECK(survey.empty());
        REQUIRE(survey.findings().size() == 1);
        CHECK(contains(survey.findings()[0].message, {"the nose and the neck"}));
    }

    TEST_CASE("joints in a corner of some pixels are told from smaller pictures") {
        CHECK(contains(findings(people(0.01, 0.01)), {"upper left", "--keypoint-scale unit"}));
        CHECK_FALSE(contains(findings(people(0.5, 0.5)), {"--keypoint-scale"}));
    }

    TEST_CASE("confidences that are all 1 are told from others") {
        JointSurvey survey, one_less;
        CHECK_FALSE(survey.is_all_certain());
        for (Track clip : people(1, 1)) {
            for (auto& pose : clip)
                for (Joint& joint : *pose) joint.confidence = 1;
            (*clip[3])[left_knee] = {};
            survey.add({}, clip, size);
            (*clip[4])[left_knee].confidence = 0.98;
            one_less.add({}, clip, size);
        }
        CHECK(survey.is_all_certain());
        CHECK_FALSE(one_less.is_all_certain());
    }
}

}  // namespace mdn::test
