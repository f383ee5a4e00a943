#include "data/dataset.h"

#include "data/formats/dataset_format.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Empty files stand in for frames and keypoints: a list is checked without reading them.
void touch_clip(const std::filesystem::path& dataset, const std::string& name,
                std::int64_t frames) {
    ClipFiles clip{.name = name,
                   .frames = dataset / "frames" / name,
                   .keypoints = dataset / "keypoints" / name,
                   .count = frames};
    for (std::int64_t t = 0; t < frames; ++t) {
        write(clip.frame(t), "x");
        write(clip.keypoints / (clip.frame(t).stem().string() + "_keypoints.json"), "x");
    }
}

}  // namespace

TEST_SUITE("data/dataset") {
    TEST_CASE("class names, with and without body level") {
        TemporaryFolder folder;
        write(folder / "labels.txt",
              "0\tnodding\thead\r\n2\twaving\tupper limb\r\n\r\n"
              "1\tturning head\thead");
        const ClassNames classes = read_class_names(folder.path());
        CHECK(classes.names == std::vector<std::string>{"nodding", "turning head", "waving"});
        CHECK(classes.body_names == std::vector<std::string>{"head", "upper limb"});
        CHECK(classes.body_of == std::vector<std::int64_t>{0, 0, 1});
        write(folder / "labels.txt",
              "\xEF\xBB\xBF"
              "0\ta\n1\tb\n");
        CHECK(read_class_names(folder.path()).count() == 2);
        CHECK(read_class_names(folder.path()).body_names.empty());
    }

    TEST_CASE("malformed labels.txt") {
        TemporaryFolder folder;
        const auto error = [&](const std::string& text) {
            write(folder / "labels.txt", text);
            return error_of([&] { read_class_names(folder.path()); });
        };
        CHECK(contains(error("0\ta\n1 b\n"), {"labels.txt:2", "'1 b'"}));
        CHECK(contains(error("0\ta\n1\t\n"), {"labels.txt:2"}));
        CHECK(contains(error("0\ta\tb\tc\n"), {"labels.txt:1"}));
        CHECK(contains(error("0\ta\nx1\tb\n"), {"labels.txt:2", "'x1'"}));
        CHECK(contains(error("0\ta\n0\tb\n"), {"labels.txt:2", "twice"}));
        CHECK(contains(error("0\ta\n\n2\tb\n"), {"labels.txt", "index 1 is missing"}));
        CHECK(contains(error("0\ta\n-1\tb\n"), {"labels.txt:2", "-1"}));
        CHECK(
            contains(error("1\ta\n2\tb\n"), {"labels.txt", "index 0 is missing", "count from 0"}));
        CHECK(contains(error("1\ta\n2\tb"), {"labels.txt:2", "index 2", "count from 0"}));
        for (const char* text : {"0\ta\n2\tb\n", "1\ta\n3\tb\n\n"})
            CHECK_FALSE(contains(error(text), {"count from 0"}));
        CHECK(contains(error("0\ta\n4000000000000\tb\n"), {"labels.txt:2", "4000000000000"}));
        CHECK(contains(error("0\ta\thead\n1\tb\n"), {"labels.txt", "some classes only", "b"}));
        CHECK(contains(error("0\ta\n1\tnodd\xE9\n"), {"labels.txt:2", "UTF-8"}));
        CHECK(contains(error("\n"), {"labels.txt", "no class"}));
        std::filesystem::remove(folder / "labels.txt");
        CHECK(contains(error_of([&] { read_class_names(folder.path()); }),
                       {"labels.txt", "train_list_videos.txt", "_label.csv", "docs/"}));
        write(folder / "train.txt", "a 2 0\n");
        CHECK(contains(error_of([&] { read_class_names(folder.path()); }),
                       {"missing file", "labels.txt", "microdualnet lists"}));
        CHECK(contains(error_of([&] { read_split(folder.path(), "val", 5, {.keypoints = false}); }),
                       {"missing file", "val.txt", "--val none", "microdualnet lists"}));
        CHECK(contains(error_of([&] { read_class_names(folder / "none"); }),
                       {"missing dataset folder", "none"}));
    }

    TEST_CASE("the files that a dataset is read from are those that are there") {
        TemporaryFolder folder;
        write(folder / "labels.txt", "0\ta\n");
        write(folder / "test.txt", "a 2 0\n");
        write(folder / "notes.txt", "x");
        const std::vector<std::filesystem::path> expected = {folder / "labels.txt",
                                                             folder / "test.txt"};
        CHECK(open_dataset(folder.path())->files() == expected);
    }

    TEST_CASE("a model of other classes is told both numbers, and where the dataset's are from") {
        TemporaryFolder folder;
        check_class_count(3, 3, folder.path());
        const auto error = [&] {
            return error_of([&] { check_class_count(4, 3, folder.path()); });
        };
        CHECK(contains(error(), {"the model has 4 classes", folder.path().string() + " has 3",
                                 "\"classes\": 3"}));
        write(folder / "labels.txt", "0\ta\n");
        CHECK(contains(error(), {"4 classes", "labels.txt names 3"}));
    }

    TEST_CASE("a list with CRLF, blank lines, tabs, slashes and no last newline") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "s01/wave 1", 3);
        touch_clip(folder.path(), "s02/nod", 2);
        write(folder / "train.txt", "s01/wave 1 3 4\r\n\r\n \ns02/nod/\t2\t0");
        const auto clips = read_split(folder.path(), "train", 5, {});
        REQUIRE(clips.size() == 2);
        CHECK(clips[0].files.name == "s01/wave 1");
        CHECK(clips[0].files.count == 3);
        CHECK(clips[0].label == 4);
        CHECK(clips[0].files.frame(2) == folder / "frames/s01/wave 1/img_00003.jpg");
        CHECK(clips[0].files.keypoint(2) ==
              folder / "keypoints/s01/wave 1/img_00003_keypoints.json");
        CHECK(clips[1].files.name == "s02/nod");
        CHECK(clips[1].label == 0);
    }

    TEST_CASE("keypoint files named after a video count from 0") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "s01/wave", 2);
        std::filesystem::remove_all(folder / "keypoints");
        for (const char* name : {"wave_000000000000", "wave_000000000001"}) {
            write(folder / "keypoints/s01/wave" / (std::string(name) + "_keypoints.json"), "x");
        }
        write(folder / "train.txt", "s01/wave 2 0\n");
        const auto clips = read_split(folder.path(), "train", 1, {});
        CHECK(clips[0].files.keypoint(0).filename() == "wave_000000000000_keypoints.json");
        CHECK(clips[0].files.keypoint(1).filename() == "wave_000000000001_keypoints.json");
        CHECK(
            contains(error_of([&] { clips[0].files.keypoint(2); }),
                     {"s01/wave", "img_00003_keypoints.json", "wave_000000000002_keypoints.json"}));
    }

    TEST_CASE("malformed lists name the file and the line") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "a", 2);
        const auto error = [&](const std::string& text) {
            write(folder / "val.txt", text);
            return error_of([&] { read_split(folder.path(), "val", 5, {}); });
        };
        CHECK(contains(error("a 2 4\na.mp4 1\n"), {"val.txt:2", "CLIP_DIR NUM_FRAMES LABEL"}));
        CHECK(contains(error("\n2 4\n"), {"val.txt:2", "CLIP_DIR NUM_FRAMES LABEL"}));
        CHECK(contains(error("a 2 5\n"), {"val.txt:1", "label 5", "0..4"}));
        CHECK(contains(error("a 2 -1\n"), {"val.txt:1", "label -1", "0..4"}));
        CHECK(contains(error("a 2 1.5\n"), {"val.txt:1", "'1.5'"}));
        CHECK(contains(error("a 2 99999999999999999999\n"), {"val.txt:1", "LABEL"}));
        CHECK(contains(error("a two 1\n"), {"val.txt:1", "'two'"}));
        CHECK(contains(error("a 0 1\n"), {"val.txt:1", "NUM_FRAMES 0"}));
        CHECK(contains(error("../a 2 1\n"), {"val.txt:1", "outside"}));
        CHECK(contains(error("b/../../a 2 1\n"), {"val.txt:1", "outside"}));
        CHECK(contains(error("/tmp/a 2 1\n"), {"val.txt:1", "outside"}));
        CHECK(contains(error("a 2 1\n\na 2 2\n"),
                       {"val.txt:3", "'a'", "line 1", "--sampler balanced"}));
        CHECK(contains(error(std::string("\xFF\xFE") + std::string("a\0 \0", 4)),
                       {"val.txt is UTF-16", "UTF-8"}));
        CHECK(contains(error(std::string("a\0 \0002\0", 6)), {"val.txt is UTF-16"}));
        CHECK(contains(error("\n\n"),
                       {(folder / "val.txt").string() + " lists no clip | train does without it",
                        "to have it, fill the file with lines CLIP_DIR NUM_FRAMES LABEL"}));
        CHECK(contains(error(""), {(folder / "val.txt").string() + " lists no clip"}));
        CHECK_FALSE(contains(error(""), {"microdualnet lists"}));  // the other lists may be good
        write(folder / "train.txt", "");
        CHECK(contains(error_of([&] { read_split(folder.path(), "train", 5, {}); }),
                       {"train.txt lists no clip | fill the file with lines CLIP_DIR"}));
        CHECK(contains(error("a 2 1\nb 2 1\n"), {"val.txt:2", "missing folder", "frames/b"}));
        CHECK(contains(error("a 4 1\n"), {"val.txt:1", "4 frames", "has 2", "img_00003.jpg"}));
        CHECK(
            contains(error_of([&] { read_split(folder.path(), "test", 5, {.keypoints = false}); }),
                     {"missing file", "test.txt"}));
        CHECK(
            contains(error_of([&] { read_split(folder / "no", "test", 5, {.keypoints = false}); }),
                     {"missing dataset folder"}));
    }

    TEST_CASE("labels that count from 1 are told from labels that are wrong") {
        TemporaryFolder folder;
        write(folder / "labels.txt", "0\ta\n1\tb\n2\tc\n");
        const auto errors = [&](const std::string& text) {
            write(folder / "train.txt", text);
            std::string all;
            open_dataset(folder.path())->list("train", 3, [&](const Error& error) {
                all.append(error.what()).append(" | ").append(error.hint()).append("\n");
            });
            return all;
        };
        for (const char* list :
             {"x 2 1\ny 2 3\n", "x;2;1\ny;2;3\n", "x,2,1.0\ny,2,3.0\n", "bad\nx 2 3\ny 2 2\n"}) {
            CAPTURE(list);
            CHECK(contains(errors(list),
                           {"label 3 of clip", "outside 0..2", "count from 1", "subtract 1"}));
        }
        CHECK_FALSE(contains(errors("x 2 0\ny 2 3\n"), {"count from 1"}));
        CHECK_FALSE(contains(errors("x 2 1\ny 2 4\n"), {"count from 1"}));
        CHECK(errors("x 2 1\ny 2 2\n") == "");
    }

    TEST_CASE("keypoints under other names: the hint says what is there") {
        TemporaryFolder folder;
        write(folder / "labels.txt", "0\ta\n");
        write(folder / "train.txt", "walk 2 0\n");
        const auto error = [&] {
            return error_of(
                [&] { read_split(folder.path(), "train", 1, {.frames = false, .label = true}); });
        };
        const auto clear = [&] { std::filesystem::remove_all(folder / "keypoints"); };
        CHECK(contains(error(), {"missing keypoint folder", "run OpenPose"}));
        write(folder / "keypoints/walk.json", "[]");
        CHECK(contains(error(), {"missing keypoint folder", "keypoints/walk.json",
                                 "microdualnet keypoints SOURCE"}));
        clear();
        for (const char* extension : {".json", ".txt"}) {
            write(folder / (std::string("keypoints/walk/0") + extension), "x");
            write(folder / (std::string("keypoints/walk/1") + extension), "x");
            CHECK(contains(error(),
                           {"no keypoints for frame 2",
                            std::string("keypoints/walk holds 2 files such as 0") + extension,
                            "microdualnet keypoints SOURCE"}));
            CHECK_FALSE(contains(error(), {"run OpenPose"}));
            // A clip that is as long as its files says the same.
            ListedClip clip;
            clip.files.name = "walk";
            clip.files.frames = folder / "frames/walk";
            clip.files.keypoints = folder / "keypoints/walk";
            CHECK(contains(error_of([&] { complete_clip(clip, {.frames = false}); }),
                           {"holds no keypoints", "microdualnet keypoints SOURCE"}));
            clear();
        }
        write(folder / "keypoints/walk/other_000000000000_keypoints.json", "x");
        CHECK(contains(error(), {"called other_000000000000_keypoints.json"}));
    }

    TEST_CASE("lists as other programs write them") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "a", 4);
        touch_clip(folder.path(), "a 1", 4);  // a name may end in a number
        touch_clip(folder.path(), "long", 30);
        const auto clip = [&](const std::string& line) {
            write(folder / "train.txt", line + "\n");
            return read_split(folder.path(), "train", 5, {}).at(0);
        };
        for (const std::string& line :
             {std::string("a 4.0 2.0"), std::string("a;4;2"), std::string("a, 4, 2"),
              std::string("frames/a 4 2"), std::string("rawframes_train/a 4 2"),
              std::string("data/x/rawframes_train/a 4 2"), std::string("./a 4 2"),
              std::string(".\\frames\\a 4 2"), std::string("\"a\" 4 2"),
              (folder / "frames/a").string() + " 4 2"}) {
            CAPTURE(line);
            const ListedClip read = clip(line);
            CHECK(read.files.name == "a");
            CHECK(read.files.frames == folder / "frames/a");
            CHECK(read.files.count == 4);
            CHECK(read.label == 2);
            CHECK_FALSE(read.is_part);
        }
        CHECK(clip("a 1 4 2").files.name == "a 1");
        // CLIP_DIR OFFSET NUM_FRAMES LABEL
        const ListedClip part = clip("long 8 16 3");
        CHECK(part.files.name == "long+8");
        CHECK(part.is_part);
        CHECK(part.files.count == 16);
        CHECK(part.files.frame(0) == folder / "frames/long/img_00009.jpg");
        CHECK(part.files.keypoint(15) == folder / "keypoints/long/img_00024_keypoints.json");
        CHECK(clip("long 0 8 0").files.name == "long");
        write(folder / "train.txt", "long 0 8 0\nlong 8 8 1\n");
        CHECK(read_split(folder.path(), "train", 5, {}).size() == 2);
        write(folder / "train.txt", "long 0 8 0\nlong 0 4 1\n");
        CHECK(read_split(folder.path(), "train", 5, {})[1].files.name == "long_part2");
        // Two labels, or an offset that goes too far.
        for (const char* line : {"long 30 1 2", "long 30 0 2"})
            CHECK(contains(error_of([&] { clip(line); }),
                           {"train.txt:1", "four fields", "OFFSET", "one label"}));
        CHECK(contains(error_of([&] { clip("long 30 1 2 3"); }),
                       {"train.txt:1", "has 5 fields", "one label"}));
        CHECK(contains(error_of([&] { clip("long 5 9223372036854775807 0"); }),
                       {"train.txt:1", "9223372036854775807", "too large"}));
        CHECK(contains(error_of([&] { clip("rawframes_train/b 4 2"); }),
                       {"missing folder", "rawframes_train/b"}));
        CHECK(contains(error_of([&] { clip("/elsewhere/frames/a 4 2"); }), {"outside"}));
        CHECK(contains(error_of([&] { clip("a 4.5 2"); }), {"'4.5' is not a whole number"}));
    }

    TEST_CASE(
        "keypoints under another name, and frames that begin later, are told how to be read") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "walk", 2);
        std::filesystem::remove_all(folder / "keypoints");
        write(folder / "keypoints/walk/P01_000000000000_keypoints.json", "x");
        write(folder / "train.txt", "walk 2 0\n");
        CHECK(contains(error_of([&] { read_split(folder.path(), "train", 1, {}); }),
                       {"no keypoints for frame 2", "called P01_000000000000_keypoints.json"}));
        for (int number = 10; number < 18; ++number)
            write(folder / ("frames/late/" + std::to_string(number) + ".png"), "x");
        write(folder / "train.txt", "late 8 0\n");
        const auto late = [&] {
            return read_split(folder.path(), "train", 1, {.keypoints = false}).at(0).files;
        };
        CHECK(contains(error_of(late), {"has 0", "CLIP_DIR OFFSET NUM_FRAMES LABEL"}));
        write(folder / "train.txt", "late 9 8 0\n");
        CHECK(late().frame(0) == folder / "frames/late/10.png");
    }

    TEST_CASE("keypoints are asked for only when needed") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "a", 4);
        write(folder / "train.txt", "a 4 1\n");
        for (const char* number : {"2", "3", "4"})  // two would be a file cut short
            std::filesystem::remove(
                folder / ("keypoints/a/img_0000" + std::string(number) + "_keypoints.json"));
        CHECK(read_split(folder.path(), "train", 2, {.keypoints = false}).size() == 1);
        CHECK(contains(error_of([&] { read_split(folder.path(), "train", 2, {}); }),
                       {"train.txt:1", "frame 4", "img_00004_keypoints.json", "regions"}));
        std::filesystem::remove_all(folder / "keypoints");
        CHECK(read_split(folder.path(), "train", 2, {.keypoints = false}).size() == 1);
        CHECK(contains(error_of([&] { read_split(folder.path(), "train", 2, {}); }),
                       {"train.txt:1", "missing keypoint folder", "keypoints/a", "regions"}));
    }

    TEST_CASE("links below frames and keypoints must not lead out, those in their place may") {
        namespace fs = std::filesystem;
        TemporaryFolder folder, elsewhere;
        touch_clip(elsewhere.path(), "a", 2);
        write(folder / "train.txt", "a 2 0\n");
        const auto error = [&](ClipNeeds needs) {
            return error_of([&] { read_split(folder.path(), "train", 1, needs); });
        };
        for (const std::string part : {"frames", "keypoints"}) {
            CAPTURE(part);
            const ClipNeeds needs{.frames = part == "frames", .keypoints = part == "keypoints"};
            const std::string other = part == "frames" ? "keypoints" : "frames";
            fs::create_directory_symlink(elsewhere / part, folder / part);
            CHECK(read_split(folder.path(), "train", 1, needs).size() == 1);
            fs::remove(folder / part);
            fs::create_directory(folder / part);
            fs::create_directory_symlink(elsewhere / (part + "/a"), folder / (part + "/a"));
            CHECK(contains(error(needs), {"train.txt:1", "'a'", "outside", part + "/a", "link"}));
            CHECK(contains(error_of([&] { find_clip(folder.path(), "a", 1, needs); }),
                           {"train.txt:1", "link"}));
            // From one clip to another it stays inside.
            fs::remove(folder / (part + "/a"));
            touch_clip(folder.path(), "b", 2);
            fs::remove_all(folder / other);
            fs::create_directory_symlink("b", folder / (part + "/a"));
            CHECK(read_split(folder.path(), "train", 1, needs).size() == 1);
            fs::remove(folder / (part + "/a"));
        }
        // The dataset itself may be reached by a link.
        touch_clip(folder.path(), "a", 2);
        fs::create_directory_symlink(folder.path(), elsewhere / "data");
        CHECK(read_split(elsewhere / "data", "train", 1, {}).size() == 1);
    }

    TEST_CASE("one clip by name, from whichever list has it") {
        TemporaryFolder folder;
        touch_clip(folder.path(), "a", 2);
        touch_clip(folder.path(), "ab", 3);
        write(folder / "test.txt", "ab 3 0\nmissing 9 0\na 2 1\n");
        write(folder / "val.txt", "b 1 1\n");
        CHECK(find_clip(folder.path(), "a", 2, {}).files.count == 2);
        CHECK(find_clip(folder.path(), "ab", 2, {}).files.count == 3);
        CHECK(contains(error_of([&] { find_clip(folder.path(), "c", 2, {}); }), {"'c'"}));
        write(folder / "val.txt", "b 1 1\nc 1 9\n");
        CHECK(contains(error_of([&] { find_clip(folder.path(), "c", 2, {}); }),
                       {"'c'", "val.txt:2: label 9"}));
        CHECK(contains(error_of([&] { find_clip(folder.path(), "missing", 2, {}); }),
                       {"test.txt:2", "missing folder"}));
    }
}

}  // namespace mdn::test
