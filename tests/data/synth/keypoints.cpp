#include "data/synth/keypoints.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

using namespace mdn::synth;

TEST_SUITE("data/synth/keypoints") {
    TEST_CASE("the estimator sees the drawn joints, a little beside where they are") {
        const int64_t size = 128;
        double error = 0, seen = 0, total = 0;
        for (int64_t clip = 0; clip < 16; ++clip) {
            const Subject subject = draw_subject(11, clip);
            Random random(12, 13, static_cast<uint64_t>(clip));
            const Performance performance =
                draw_performance(static_cast<Action>(clip), subject, 30, 30, random);
            const Camera camera = camera_of(subject, size);
            const double height = subject.fill * static_cast<double>(size);
            PoseEstimator estimator(camera, size, height, random);
            for (int64_t frame = 0; frame < 30; ++frame) {
                const Figure figure =
                    pose_at(subject, performance, static_cast<double>(frame) / 30);
                const std::vector<Person> people = estimator.people(figure);
                if (people.empty()) continue;
                for (int joint = 0; joint < kJoints; ++joint) {
                    const Keypoint keypoint = people.back()[joint];  // behind any ghost
                    ++total;
                    if (keypoint.confidence == 0) continue;
                    const Vec3 place = camera.project(figure.joint[joint]);
                    const double off = std::hypot(keypoint.x - place.x, keypoint.y - place.y);
                    CHECK(off < 0.05 * height);
                    error += off / height;
                    ++seen;
                }
            }
        }
        CHECK(error / seen > 0.004);
        CHECK(error / seen < 0.015);
        CHECK(seen > 0.9 * total);
        CHECK(seen < 0.99 * total);
    }

    TEST_CASE("numbers have six significant digits") {
        Person person;
        person[0] = {123.456789f, 1e-7f, 0.87654321f};
        const std::string text = openpose_json({person});
        CHECK(text.find("[123.457,1e-07,0.876543,0,0,0,") != std::string::npos);
        const auto json = nlohmann::json::parse(text);
        CHECK(json["people"][0]["person_id"] == nlohmann::json::array({-1}));
        CHECK(openpose_json({}) == "{\"version\":1.3,\"people\":[]}");
    }
}
