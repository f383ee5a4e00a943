// `microdualnet check`: every problem is found, not only the first.
#include "data/dataset_check.h"

#include "tests/train/program.h"

using namespace mdn;
using namespace mdn::test;

namespace {

Ran check(const std::string& data, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"check", data};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return microdualnet(arguments);
}

int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
    return found;
}

}  // namespace

TEST_SUITE("train/commands/check") {
    TEST_CASE("a sound dataset: counts, labels, sizes, people") {
        SmallProject project;
        for (const char* workers : {"1", "3"}) {
            const Ran ran = check(project.data, {"--workers", workers});
            INFO(ran.out << ran.err);
            CHECK(ran.code == 0);
            CHECK(ran.err.empty());
            CHECK(contains(ran.out, {"rawframes, 3 classes, 2 body-level classes",
                                     "train        10        30         3        3           0",
                                     "imbalance of train: 1.3 (clips: 4 of nodding, 3 of waving)",
                                     "frame sizes: 40x36 (16 clips)",
                                     "nobody is visible in 0.00 % of the frames (0 of 48)",
                                     "0 of 16 whole clips", "0 errors, 0 warnings\n",
                                     "training would run\n"}));
            CHECK(contains(ran.out, {"  2  shaking head       3       1       1"}));
        }
        // The config's needs and classes.
        CHECK(check(project.data, {"--config", project.config}).code == 0);
        write(project.file("four.json"), R"({"preset": "tiny", "classes": 4})");
        CHECK_MISTAKE(check(project.data, {"--config", project.file("four.json")}),
                      {"training would fail", "1 error"});
        std::filesystem::remove_all(project.data + "/keypoints");
        CHECK_MISTAKE(check(project.data), {"training would fail"});
        // A config that names no classes takes the dataset's.
        CHECK(check(project.data, {"--config", "configs/tiny-fixed.json"}).code == 0);
        CHECK(check(project.data, {"--config", "configs/tiny-rgb.json"}).code == 0);
        write(project.file("fixed.json"),
              R"({"preset": "tiny", "classes": 3, "regions": "fixed"})");
        CHECK(check(project.data, {"--config", project.file("fixed.json")}).code == 0);
    }

    TEST_CASE("every problem of a broken dataset is listed with file and line") {
        SmallProject project;
        const std::string data = project.data;
        // In the lists.
        write(data + "/train.txt",
              "train_0 3 0\ntrain_1 3 9\ntrain_2 x 1\ntrain_0 3 1\ntrain_3 3 0\ntrain_4 5 0\n"
              "train_5 3 0\ntrain_6 2 0\nval_0 3 0\ntrain_7 3 0\ntrain_8 3 1\ngone 3 1\n");
        // In the files.
        write(data + "/frames/train_3/img_00002.jpg", "no image");
        std::filesystem::remove(data + "/keypoints/train_5/img_00002_keypoints.json");
        write(data + "/keypoints/train_5/img_00003_keypoints.json", "{");
        write_image(data + "/frames/train_7/img_00003.jpg", random_image(20, 20, 1));
        for (const char* frame : {"1", "2", "3"})
            write(data + "/keypoints/train_8/img_0000" + frame + "_keypoints.json",
                  openpose_json({}));
        write(data + "/frames/test_1/img_00001.jpg", "no image");
        write_image(data + "/frames/deep/er/img_00001.jpg", random_image(20, 20, 1));

        const Ran ran = check(data, {"--workers", "2"});
        INFO(ran.out << ran.err);
        CHECK(ran.code == 2);
        for (const std::vector<std::string>& parts : std::vector<std::vector<std::string>>{
                 {"error: ", "train.txt:2: label 9"},
                 {"train.txt:3: NUM_FRAMES 'x'"},
                 {"train.txt:4: clip 'train_0' is already listed in line 1"},
                 {"train.txt:5: ", "train_3/img_00002.jpg"},
                 {"train.txt:6: clip 'train_4' lists 5 frames, but ", "has 3"},
                 {"train.txt:6: clip 'train_4' has no keypoints for frame 5"},
                 {"train.txt:7: clip 'train_5' has no keypoints for frame 2"},
                 {"train.txt:7: ", "train_5/img_00003_keypoints.json is not valid JSON"},
                 {"warning: ", "train.txt:8: clip 'train_6' lists 2 frames, but ", "has 3"},
                 {"train.txt:8: clip 'train_6' has 2 frames, but ", "has keypoints of 3"},
                 {"train.txt:10: ", "train_7/img_00003.jpg is 20x20"},
                 {"train.txt:11: nobody is visible in clip 'train_8'"},
                 {"train.txt:12: missing folder ", "frames/gone"},
                 {"train.txt:12: missing keypoint folder"},
                 {"warning: ", "val.txt:1: clip 'val_0' is listed already: ", "train.txt:9"},
                 {"test.txt:2: ", "test_1/img_00001.jpg"},
                 {"warning: class 2 (shaking head) has no training clip"},
                 {"warning: ", "frames/deep/er is in no list"},
                 {"warning: ", "frames/train_1 is in no list"},
                 {"imbalance of train: "},
                 {"1 of 1"}})
            CHECK_MESSAGE(contains(ran.out, parts), parts.back());
        CHECK(count(ran.out, "hint: data/extract_frames") == 1);
        CHECK(contains(ran.err, {"training would fail"}));
        // Twice the same, whatever the workers.
        CHECK(check(data, {"--workers", "5"}).out == ran.out);

        // The first and last frame only: the unreadable one in the middle is not found.
        const Ran quick = check(data, {"--quick"});
        CHECK(!contains(quick.out, {"train_3/img_00002.jpg"}));
        CHECK(contains(quick.out, {"train_7/img_00003.jpg is 20x20"}));
        std::filesystem::remove(data + "/frames/train_3/img_00002.jpg");
        CHECK(contains(check(data, {"--quick"}).out, {"train_3/img_00002.jpg is missing"}));
    }

    TEST_CASE("problems of the test list do not stop training") {
        SmallProject project;
        write(project.data + "/frames/test_1/img_00001.jpg", "no image");
        const Ran ran = check(project.data);
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {"1 error, 0 warnings", "but evaluation on test would not"}));
        std::filesystem::remove(project.data + "/test.txt");
        std::filesystem::remove(project.data + "/val.txt");
        const Ran alone = check(project.data);
        CHECK(alone.code == 0);
        CHECK(contains(alone.out, {"no val list", "--val none", "frames/val_0 is in no list"}));
        write(project.data + "/train.txt", "\n");
        const Ran empty = check(project.data);
        CHECK_MISTAKE(empty, {"training would fail"});
        CHECK(contains(empty.out, {"train.txt lists no clip"}));
        std::filesystem::remove(project.data + "/train.txt");
        const Ran missing = check(project.data);
        CHECK_MISTAKE(missing, {"training would fail"});
        CHECK_FALSE(contains(missing.out, {"lists no clip"}));
        CHECK_MISTAKE(check(project.file("nowhere")), {"nowhere: there is no such folder"});
    }

    TEST_CASE("people who are listed and never seen: check says why") {
        SmallProject project;
        const auto set = [&](const std::string& list, double confidence, double place) {
            for (const auto& clip :
                 std::filesystem::directory_iterator(project.data + "/keypoints")) {
                if (!clip.path().filename().string().starts_with(list)) continue;
                for (const auto& file : std::filesystem::directory_iterator(clip)) {
                    Pose pose = standing_figure(20, 5, 25);
                    for (Joint& joint : pose)
                        joint = {place * joint.x, place * joint.y, confidence};
                    write(file, openpose_json({pose}));
                }
            }
        };
        set("train", 0, 1);
        Ran ran = check(project.data);
        CHECK(ran.code == 2);
        CHECK(contains(ran.out,
                       {"nobody is visible in clip 'train_0', although its keypoint files "
                        "list 3 people: every confidence is 0",
                        "--keypoint-threshold", "nobody is visible in any clip of the train list",
                        "people are listed, but none of their joints was seen"}));
        set("train", 0.04, 1);
        ran = check(project.data);
        CHECK(contains(ran.out, {"at or below the threshold 0.05 (the largest is 0.04)"}));
        CHECK(check(project.data, {"--keypoint-threshold", "0.01"}).code == 0);
        set("train", 0.9, 0);
        CHECK(contains(check(project.data).out, {"every joint is at (0, 0)"}));
        // Files that list nobody have nothing to explain.
        for (const char* frame : {"1", "2", "3"})
            write(project.data + "/keypoints/val_0/img_0000" + frame + "_keypoints.json",
                  openpose_json({}));
        CHECK(contains(check(project.data).out, {"nobody is visible in clip 'val_0'\n"}));
    }

    TEST_CASE("confidences that are all 1, and joints in the place of others, are told") {
        SmallProject project;
        CHECK_FALSE(contains(check(project.data).out, {"confidence: 1"}));
        for (const auto& file :
             std::filesystem::recursive_directory_iterator(project.data + "/keypoints")) {
            if (!file.is_regular_file()) continue;
            Pose pose = standing_figure(20, 5, 25);
            pose[neck] = pose[nose];
            for (Joint& joint : pose) joint.confidence = 1;
            write(file, openpose_json({pose}));
        }
        for (const std::vector<std::string>& needs :
             {std::vector<std::string>{}, {"--config", "configs/tiny-pose.json"}})
            CHECK(contains(
                check(project.data, needs).out,
                {"warning: ",
                 "the nose and the neck, these are at exactly the same "
                 "place",
                 "hint: one joint may have been written", "confidence: 1 for every joint"}));
    }

    TEST_CASE("a class 0 without clips may be a list that counts from 1") {
        SmallProject project;
        write(project.data + "/train.txt", "train_0 3 1\ntrain_1 3 2\n");
        CHECK(contains(check(project.data).out, {"class 0 (nodding) has no training clip",
                                                 "labels count from 1: here they count from 0"}));
        write(project.data + "/train.txt", "train_0 3 0\ntrain_1 3 2\n");
        CHECK_FALSE(contains(check(project.data).out, {"count from 1"}));
    }

    TEST_CASE("MA-52: folders say how long clips are, placeholders are counted") {
        TemporaryFolder folder;
        const std::string data = folder.path().string();
        for (const char* name : {"a", "b", "test0", "test1"}) write_clip(data, name, 3, 40, 36, 1);
        write(data + "/train_list_videos.txt", "a.mp4 4\r\nb.mp4 50");
        write(data + "/val_list_videos.txt", "b.mp4 50");
        write(data + "/test_list_videos.txt", "test0.mp4 0\r\ntest1.mp4 0");
        Ran ran = check(data);
        INFO(ran.out << ran.err);
        CHECK(ran.code == 0);
        CHECK(contains(ran.out, {"MA-52, 52 classes, 7 body-level classes",
                                 "test          2         6         3        3           2",
                                 "val_list_videos.txt:1: clip 'b' is listed already",
                                 "class 0 (shaking body) has no training clip"}));
        std::filesystem::remove(data + "/frames/a/img_00002.jpg");
        write(data + "/train_list_videos.txt", "a.mp4 0\r\nb.mp4 0");
        ran = check(data);
        CHECK(ran.code == 2);
        CHECK(contains(ran.out, {"train_list_videos.txt:1: ", "img_00002.jpg is missing",
                                 "2 clips of the train list have no label"}));
    }

    TEST_CASE("iMiGUE: ranges beyond a video, tables that are too short or too long") {
        TemporaryFolder folder;
        const std::string data = folder.path().string();
        write_clip(data, "0001", 6, 40, 36, 1);
        write_clip(data, "0002", 6, 40, 36, 1);
        std::filesystem::remove_all(data + "/keypoints");
        std::string joints;
        for (int c = 0; c < 105; ++c) joints += ",1.25";
        const auto row = [&](int index) { return std::to_string(index) + joints + "\n"; };
        write(data + "/train/0001_light_hand.csv", row(0) + row(1) + row(2) + "3\n");
        write(data + "/train/0001_label.csv", "1,1,3\n2,3,4\n2,1,3\n3,6,7\n40,1,1\n3,5,6\n");
        write(data + "/val/0002_label.csv", "1,1,3\n");
        std::string table;
        for (int t = 0; t < 7; ++t) table += row(t);
        write(data + "/val/0002_light_hand.csv", table);
        const Ran ran = check(data);
        INFO(ran.out << ran.err);
        CHECK(ran.code == 2);
        for (const std::vector<std::string>& parts : std::vector<std::vector<std::string>>{
                 {"0001_label.csv:5: class 40"},
                 {"0001_label.csv:2: ", "0001_light_hand.csv:4: the row has 1 columns"},
                 {"warning: ", "0001_label.csv:3: clip '0001_00001_00003_2' is listed already"},
                 {"0001_label.csv:4: clip '0001_00006_00007' lists frames 6..7, but ", "has 6"},
                 {"0001_label.csv:4: clip '0001_00006_00007' lists frames 6..7, but ", "4 rows"},
                 {"0001_light_hand.csv has 4 rows, but ", "0001 has 6 frames"},
                 {"0002_light_hand.csv has 7 rows, but "}})
            CHECK_MESSAGE(contains(ran.out, parts), parts.back());
        CHECK(!contains(ran.out, {"0001_label.csv:1: clip '0001_00001_00003' lists"}));
    }
}
