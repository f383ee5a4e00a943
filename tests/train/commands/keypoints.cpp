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
        CHECK(contains(
            said.out, {"MMPose's inferencer", "16 read",
                       "COCO-17 (17 joints, assumed from their number: the source "
                       "names none; Human3.6M has as many",
                       "--layout human36m", "confidence: 0.80 to 0.80\n",
                       "16, of 48 frames; 0 of these show nobody", "48, at most 1 in a frame",
                       "pixels; joints lie from", "frame_id", "counts from 0", "nothing written"}));
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

    TEST_CASE("what a source does not say, or says about nobody, is told") {
        TemporaryFolder folder;
        const std::string source = (folder / "labels").string(), out = (folder / "data").string();
        const auto run = [&](const std::string& joint, std::vector<std::string> more = {}) {
            std::string line = "0 0.5 0.5 0.2 0.4";
            for (int i = 0; i < 17; ++i)
                line.append(" ")
                    .append(std::to_string(0.1 + i / 50.0))
                    .append(" 0.5")
                    .append(joint);
            for (int t = 1; t <= 3; ++t)
                write(std::filesystem::path(source) / ("walk_" + std::to_string(t) + ".txt"), line);
            more.insert(more.begin(), {"keypoints", source, "--out", out, "--dry-run"});
            return microdualnet(more);
        };
        Ran ran = run("");
        CHECK(contains(ran.out, {"confidence: none in the source: every joint counts as seen"}));
        CHECK(contains(ran.err, {"warning: the source gives no confidences for 3 of 3 people"}));
        ran = run(" 0.7");
        CHECK(contains(ran.out, {"confidence: 0.70 to 0.70\n", "0 of these show nobody"}));
        CHECK_FALSE(contains(ran.err, {"confidence"}));
        CHECK(contains(run(" 1").out, {"confidence: 1 for every joint"}));
        ran = run(" 0");
        CHECK(contains(ran.out, {"3 of these show nobody", "people:     3"}));
        CHECK(contains(ran.err,
                       {"people are listed, but every confidence is 0", "--keypoint-threshold"}));
        ran = run(" 0.03");
        CHECK(contains(ran.out, {"3 of these show nobody"}));
        CHECK(contains(ran.err, {"at or below 0.05 (the largest is 0.03)"}));
        CHECK(contains(run(" 0.7", {"--layout", "coco17"}).out, {"17 joints, by --layout"}));
    }

    TEST_CASE("left and right that are exchanged, and joints in the place of others") {
        TemporaryFolder folder;
        const auto run = [&](bool exchanged, bool together) {
            std::string text;
            for (int t = 0; t < 12; ++t) {
                Pose pose = standing_figure(100 + t, 50, 200);
                if (exchanged)
                    for (Joint& joint : pose) joint.x = 300 - joint.x;
                if (together) pose[neck] = pose[nose];
                std::string numbers;
                for (const Joint& joint : pose)
                    numbers.append(numbers.empty() ? "" : ",")
                        .append(std::to_string(joint.x) + "," + std::to_string(joint.y) + ",0.9");
                write(folder / ("walk/" + std::to_string(t) + ".json"),
                      R"({"people":[{"pose_keypoints_2d":[)" + numbers + "]}]}");
            }
            return microdualnet({"keypoints", (folder / "walk").string(), "--out",
                                 (folder / "data").string(), "--dry-run"})
                .err;
        };
        CHECK(run(false, false) == "");
        CHECK(contains(run(true, false),
                       {"the left shoulder is where people who face the camera have the right one "
                        "in 12 of 12 people",
                        "filmed from behind"}));
        CHECK(contains(run(false, true), {"the nose and the neck are at exactly the same place in "
                                          "12 of 12 people"}));
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
