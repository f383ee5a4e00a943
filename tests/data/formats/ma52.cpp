#include "data/formats/ma52.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Empty files stand in for frames and keypoints.
void touch(const std::filesystem::path& folder, const char* format, int first, int count) {
    for (int i = first; i < first + count; ++i) {
        char name[64];
        std::snprintf(name, sizeof name, format, i);
        write(folder / name, "x");
    }
}

struct Ma52Folder : TemporaryFolder {
    /// A clip with `count` frames and as many keypoint files.
    void add(const std::string& name, int count) const {
        touch(*this / ("frames/" + name), "img_%05d.jpg", 1, count);
        touch(*this / ("keypoints/" + name), "img_%05d_keypoints.json", 1, count);
    }
    std::string error(const std::string& split, ClipNeeds needs = {}) const {
        return error_of([&] { read_split(path(), split, 52, needs); });
    }
};

}  // namespace

TEST_SUITE("data/formats/ma52") {
    TEST_CASE("52 actions in 7 body-level classes, in the dataset's order") {
        const ClassNames classes = ma52_classes();
        REQUIRE(classes.count() == 52);
        REQUIRE(classes.body_names.size() == 7);
        CHECK(classes.names[0] == "shaking body");
        CHECK(classes.names[23] == "illustrative gestures");
        CHECK(classes.names[51] == "scratching feet");
        CHECK(classes.body_names[4] == "body-hand");
        // First and last action of each body-level class.
        const std::vector<std::pair<int, int>> ranges = {{0, 4},   {5, 10},  {11, 23}, {24, 31},
                                                         {32, 37}, {38, 47}, {48, 51}};
        for (int body = 0; body < 7; ++body)
            for (int action = ranges[body].first; action <= ranges[body].second; ++action)
                CHECK(classes.body_of[action] == body);
    }

    TEST_CASE("lists as they come: CRLF, no last newline, blanks in names; folders say how long") {
        Ma52Folder folder;
        folder.add("001_01_001", 5);
        folder.add("two words", 3);
        write(folder / "train_list_videos.txt", "001_01_001.mp4 33\r\ntwo words.mp4 0");
        CHECK(read_class_names(folder.path()).names == ma52_classes().names);
        const auto clips = read_split(folder.path(), "train", 52, {});
        REQUIRE(clips.size() == 2);
        CHECK(clips[0].files.name == "001_01_001");
        CHECK(clips[0].files.count == 5);
        CHECK(clips[0].label == 33);
        CHECK(clips[0].files.frame(4) == folder / "frames/001_01_001/img_00005.jpg");
        CHECK(clips[1].files.name == "two words");
        CHECK(clips[1].files.count == 3);
        CHECK(clips[1].label == 0);
    }

    TEST_CASE("placeholder labels are no labels") {
        Ma52Folder folder;
        folder.add("test0000", 2);
        folder.add("test0001", 2);
        write(folder / "test_list_videos.txt", "test0000.mp4 0\r\ntest0001.mp4 0");
        CHECK(contains(folder.error("test"),
                       {"test_list_videos.txt:1", "test0000", "placeholders", "--submission"}));
        const auto clips = read_split(folder.path(), "test", 52, {.label = false});
        CHECK(clips[0].label == unlabelled);
        CHECK(clips[1].label == unlabelled);
        CHECK(contains(error_of([&] { find_clip(folder.path(), "test0001", 52, {}); }),
                       {"test_list_videos.txt:2", "placeholders"}));
        CHECK(find_clip(folder.path(), "test0001", 52, {.label = false}).files.count == 2);
        write(folder / "test_list_videos.txt", "test0000.mp4 0\r\n");
        CHECK(contains(folder.error("test"), {"placeholders"}));
        // Labels that differ are labels, and so is a single clip of the first class.
        write(folder / "test_list_videos.txt", "test0000.mp4 0\r\ntest0001.mp4 7");
        CHECK(read_split(folder.path(), "test", 52, {})[1].label == 7);
        folder.add("a", 1);
        write(folder / "val_list_videos.txt", "a.mp4 0");
        CHECK(read_split(folder.path(), "val", 52, {})[0].label == 0);
    }

    TEST_CASE("labels that count from 1 are told from labels that are wrong") {
        Ma52Folder folder;
        folder.add("a", 3);
        folder.add("b", 3);
        write(folder / "train_list_videos.txt", "a.mp4 1\nb.mp4 52\n");
        CHECK(contains(folder.error("train"), {"label 52 of clip 'b'", "count from 1"}));
        write(folder / "train_list_videos.txt", "a.mp4 0\nb.mp4 52\n");
        CHECK_FALSE(contains(folder.error("train"), {"count from 1"}));
    }

    TEST_CASE("malformed lists name the file and the line") {
        Ma52Folder folder;
        folder.add("a", 2);
        const auto error = [&](const std::string& text) {
            write(folder / "val_list_videos.txt", text);
            return folder.error("val");
        };
        CHECK(contains(error("a.mp4 1\r\nb 2 1"), {"val_list_videos.txt:2", "NAME.mp4 LABEL"}));
        CHECK(contains(error(".mp4 1"), {"val_list_videos.txt:1", "NAME.mp4 LABEL"}));
        CHECK(contains(error("a.mp4"), {"val_list_videos.txt:1", "NAME.mp4 LABEL"}));
        CHECK(contains(error("a.mp4 52"), {"val_list_videos.txt:1", "label 52", "0..51"}));
        CHECK(contains(error("a.mp4 -1"), {"label -1"}));
        CHECK(contains(error("a.mp4 x"), {"'x'", "whole number"}));
        CHECK(contains(error("../a.mp4 1"), {"outside the dataset"}));
        CHECK(contains(error("/a.mp4 1"), {"outside the dataset"}));
        CHECK(contains(error("a.mp4 1\na.mp4 2"), {"list_videos.txt:2", "already", "line 1"}));
        CHECK(contains(error("\r\n"), {"val_list_videos.txt lists no clip", "--val none"}));
        CHECK(contains(error("a.mp4 1\nb.mp4 1"),
                       {"list_videos.txt:2", "missing folder", "frames/b", "extract_frames"}));
        CHECK(contains(folder.error("train"), {"missing file", "train_list_videos.txt"}));
    }

    TEST_CASE("the lists that are there are the dataset's files") {
        Ma52Folder folder;
        write(folder / "train_list_videos.txt", "a.mp4 1");
        write(folder / "test_list_videos.txt", "test1.mp4 0");
        const std::vector<std::filesystem::path> expected = {folder / "train_list_videos.txt",
                                                             folder / "test_list_videos.txt"};
        CHECK(open_dataset(folder.path())->files() == expected);
    }

    TEST_CASE("a gap in a folder is an error, not the end of the clip") {
        Ma52Folder folder;
        folder.add("a", 4);
        write(folder / "val_list_videos.txt", "a.mp4 1");
        std::filesystem::remove(folder / "frames/a/img_00003.jpg");
        CHECK(contains(
            folder.error("val"),
            {"val_list_videos.txt:1: ", "frames/a/img_00003.jpg is missing", "img_00004.jpg"}));
        write(folder / "frames/a/img_00003.jpg", "x");
        write(folder / "frames/a/img_3.jpg", "x");  // these are no frames
        write(folder / "frames/a/img_000009.jpg", "x");
        write(folder / "frames/a/img_00007.jpeg", "x");
        CHECK(read_split(folder.path(), "val", 52, {})[0].files.count == 4);
        for (const char* file : {"img_00003_keypoints.json", "img_00004_keypoints.json"})
            std::filesystem::remove(folder / "keypoints/a" / file);
        CHECK(contains(folder.error("val"), {"val_list_videos.txt:1", "frame 4"}));
        std::filesystem::remove_all(folder / "frames/a");
        std::filesystem::create_directories(folder / "frames/a");
        CHECK(contains(folder.error("val"), {"frames/a", "holds no frames"}));
    }

    TEST_CASE("without frames the keypoints say how long a clip is, under either name") {
        Ma52Folder folder;
        folder.add("a", 4);
        folder.add("b", 2);
        std::filesystem::remove_all(folder / "frames");
        touch(folder / "keypoints/c", "c_%012d_keypoints.json", 0, 3);
        write(folder / "val_list_videos.txt", "a.mp4 1\r\nb.mp4 1\r\nc.mp4 2");
        const auto clips = read_split(folder.path(), "val", 52, {.frames = false});
        CHECK(clips[0].files.count == 4);
        CHECK(clips[1].files.count == 2);
        CHECK(clips[2].files.count == 3);
        CHECK(clips[2].files.keypoint(2).filename() == "c_000000000002_keypoints.json");
        std::filesystem::remove(folder / "keypoints/c/c_000000000001_keypoints.json");
        CHECK(contains(folder.error("val", {.frames = false}),
                       {"val_list_videos.txt:3: ",
                        "keypoints/c/img_00002_keypoints.json (or "
                        "c_000000000001_keypoints.json) is missing",
                        "goes on to img_00003_keypoints.json (or c_000000000002"}));
    }
}

}  // namespace mdn::test
