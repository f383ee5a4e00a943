#include "data/keypoints/formats/yolo_text.h"

#include "tests/data/keypoints/formats/source_files.h"

namespace mdn::test {

namespace {

/// "0 0.5 0.5 0.2 0.4" and 17 joints of `each` numbers: x = i/100, y = i/50, c = 0.3.
std::string line(int each, const std::string& behind = "") {
    std::string text = "0 0.5 0.5 0.2 0.4";
    for (int i = 1; i <= 17; ++i) {
        text.append(" ").append(std::to_string(i / 100.0));
        text.append(" ").append(std::to_string(i / 50.0));
        if (each == 3) text += " 0.3";
    }
    return text + behind + "\n";
}

}  // namespace

TEST_SUITE("data/keypoints/formats/yolo_text") {
    TEST_CASE("lines with and without confidences, person's confidence and track") {
        for (const int each : {3, 2}) {
            for (const char* behind : {"", " 0.9", " 0.9 4"}) {
                CAPTURE(each);
                CAPTURE(behind);
                TemporaryFolder folder;
                write(folder / "predict/labels/walk_3.txt",
                      line(each, behind) + line(each, behind));
                write(folder / "predict/labels/walk_12.txt", line(each, behind));
                write(folder / "predict/labels/sit_1.txt", line(each, behind));
                const ReadSource source(folder / "predict");
                REQUIRE(source.clips.size() == 2);
                CHECK(source.clips[0].name == "sit");
                const FoundClip& clip = source.clips[1];
                CHECK(clip.name == "walk");
                CHECK(clip.normalised);
                CHECK_FALSE(clip.lists_all);
                REQUIRE(clip.frames.size() == 2);
                CHECK(clip.frames[0].number == 3);
                CHECK(clip.frames[0].people.size() == 2);
                const Pose& pose = clip.frames[1].people.at(0);
                CHECK(pose[right_ankle].x == doctest::Approx(0.17));
                CHECK(pose[right_ankle].y == doctest::Approx(0.34));
                CHECK(pose[right_ankle].confidence == (each == 3 ? 0.3 : 1));
                CHECK(source.builder.people_without_confidences() == (each == 3 ? 0 : 4));
            }
        }
    }

    TEST_CASE("of a run per clip, the run's folder names the clip") {
        TemporaryFolder folder;
        write(folder / "pose/P01_walk_003/labels/img_00002.txt", line(3));
        write(folder / "pose/P01_walk_003/labels/img_00011.txt", line(3));
        write(folder / "pose/P02/sit/labels/img_00001.txt", line(3));
        const ReadSource source(folder / "pose");
        REQUIRE(source.clips.size() == 2);
        CHECK(source.clips[0].name == "P01_walk_003");
        REQUIRE(source.clips[0].frames.size() == 2);
        CHECK(source.clips[0].frames[1].number == 11);
        CHECK(source.clips[0].frames[1].people.size() == 1);
        CHECK(source.clips[1].name == "P02/sit");

        write(folder / "pose/P02/sit/img_00001.txt", line(3));
        CHECK(contains(error_of([&] { ReadSource twice(folder / "pose"); }),
                       {"P02/sit/labels/img_00001.txt", "P02/sit/img_00001.txt", "both"}));
    }

    TEST_CASE("other lines are refused with their number") {
        TemporaryFolder folder;
        write(folder / "a_1.txt", line(3) + "\n0 0.1 0.2 0.3 0.4\n");
        CHECK(contains(error_of([&] { ReadSource source(folder / "a_1.txt"); }),
                       {"a_1.txt:3", "5 numbers", "pose model"}));
        write(folder / "a_1.txt", line(3) + "0 x\n");
        CHECK(contains(error_of([&] { ReadSource source(folder / "a_1.txt"); }),
                       {"a_1.txt:2", "'0 x'"}));
        write(folder / "a_1.txt", "0 0.1 0.2 0.3 0.4\n");
        CHECK(contains(error_of([&] { ReadSource source(folder / "a_1.txt"); }), {"a_1.txt"}));
    }
}

}  // namespace mdn::test
