#include "data/keypoints/formats/conversion.h"
#include "data/keypoints/openpose.h"
#include "tests/data/keypoints/formats/source_files.h"
#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// MMPose's prediction for a video in which a figure stands, moving to the right.
std::string video(int frames, double height) {
    const std::vector<Body25> order = {
        nose,           left_eye,   right_eye,   left_ear,   right_ear,   left_shoulder,
        right_shoulder, left_elbow, right_elbow, left_wrist, right_wrist, left_hip,
        right_hip,      left_knee,  right_knee,  left_ankle, right_ankle};
    std::string text;
    for (int t = 0; t < frames; ++t) {
        const Pose pose = standing_figure(20 + t, 4, height);
        std::string places, scores;
        for (const Body25 joint : order) {
            places.append(places.empty() ? "[" : ",[").append(std::to_string(pose[joint].x));
            places.append(",").append(std::to_string(pose[joint].y)).append("]");
            scores.append(scores.empty() ? "" : ",").append("0.8");
        }
        text.append(t ? "," : "[").append(R"({"frame_id":)").append(std::to_string(t));
        text.append(R"(,"instances":[{"keypoints":[)").append(places);
        text.append(R"(],"keypoint_scores":[)").append(scores).append("]}]}");
    }
    return text + "]";
}

}  // namespace

TEST_SUITE("train/commands/keypoints") {
    TEST_CASE("predictions beside frames become a dataset that passes the check") {
        const SmallProject project;
        std::filesystem::remove_all(project.data + "/keypoints");
        for (const auto& entry : std::filesystem::directory_iterator(project.data + "/frames"))
            write(project.file("predictions") + "/" + entry.path().filename().string() + ".json",
                  video(3, 28));
        const std::vector<std::string> arguments = {"keypoints", project.file("predictions"),
                                                    "--out", project.data};
        std::vector<std::string> trial = arguments;
        trial.push_back("--dry-run");
        const Ran said = microdualnet(trial);
        INFO(said.err);
        REQUIRE(said.code == 0);
        CHECK(contains(said.out,
                       {"MMPose's inferencer", "16 read", "COCO-17 (17 joints, assumed: Human3.6M",
                        "--layout human36m", "16, of 48 frames; 0 of these show nobody",
                        "48, at most 1 in a frame", "pixels; joints lie from", "frame_id",
                        "counts from 0", "nothing written"}));
        CHECK_FALSE(std::filesystem::exists(project.data + "/keypoints"));

        const Ran ran = microdualnet(arguments);
        INFO(ran.err);
        REQUIRE(ran.code == 0);
        CHECK(ran.err.empty());
        CHECK(contains(ran.out, {"wrote 48 files of 16 clips", "next: microdualnet check "}));
        const auto people =
            read_openpose(project.data + "/keypoints/train_0/img_00002_keypoints.json");
        CHECK(people.at(0)[nose].x == doctest::Approx(21));
        const Ran check = microdualnet({"check", project.data});
        INFO(check.out);
        CHECK(check.code == 0);
        CHECK_MISTAKE(microdualnet(arguments), {"exists already", "--overwrite"});
        std::vector<std::string> again = arguments;
        again.push_back("--overwrite");
        CHECK(microdualnet(again).code == 0);
    }

    TEST_CASE("mistakes are named by their option") {
        TemporaryFolder folder;
        const std::string source = (folder / "walk.json").string();
        const std::string out = (folder / "data").string();
        write(source, video(2, 28));
        const auto run = [&](std::vector<std::string> more) {
            more.insert(more.begin(), {"keypoints", source, "--out", out});
            return microdualnet(more);
        };
        CHECK_MISTAKE(microdualnet({"keypoints", source}), {"--out is missing"});
        CHECK_MISTAKE(run({"--layout", "coco18"}), {"17 joints", "--layout coco18"});
        CHECK_MISTAKE(run({"--layout", "coco"}), {"--layout", "coco"});
        CHECK_MISTAKE(run({"--first-frame", "one"}), {"--first-frame", "lowest", "'one'"});
        CHECK_MISTAKE(run({"--lists"}), {"no splits", "microdualnet lists"});
        CHECK_MISTAKE(run({"--protocol", "xsub"}), {"--protocol", "--lists"});
        CHECK_MISTAKE(run({"--clip", "../x"}), {"../x"});
        const Ran named = run({"--clip", "P01/walk"});
        INFO(named.err);
        CHECK(named.code == 0);
        CHECK(std::filesystem::exists(out + "/keypoints/P01/walk/img_00002_keypoints.json"));
        // What is read must not be what is written.
        CHECK_MISTAKE(microdualnet({"keypoints", out + "/keypoints", "--out", out}),
                      {"lies in", "another --out"});
    }
}
