#include "data/formats/imigue.h"

#include "tests/data/temporary_dataset.h"
#include "tests/unprivileged.h"

namespace mdn::test {

namespace {

constexpr const char* header =
    "video_id,label_id,start_time,start_frame,end_time,end_frame,class,subject_id,subject_gender,"
    "subject_nationality,win_or_lose\r\n";

/// A row of the original CSV.
std::string row(int video, int start, int end, int raw_class, int subject) {
    return std::to_string(video) + ",1,0:00:01," + std::to_string(start) + ",0:00:02," +
           std::to_string(end) + "," + std::to_string(raw_class) + "," + std::to_string(subject) +
           ",M,\"Korea, Republic of\",win\r\n";
}

struct ImigueFolder : TemporaryFolder {
    void add_frames(const std::string& video, int count) const {
        for (int i = 1; i <= count; ++i) {
            char name[64];
            std::snprintf(name, sizeof name, "frames/%s/img_%05d.jpg", video.c_str(), i);
            write(*this / name, "x");
        }
    }
    std::vector<ListedClip> clips(const std::string& split) const {
        return read_split(path(), split, 32, {.frames = false, .keypoints = false, .label = false});
    }
    std::string error(const std::string& split, ClipNeeds needs = {.keypoints = false}) const {
        return error_of([&] { read_split(path(), split, 32, needs); });
    }
};

}  // namespace

TEST_SUITE("data/formats/imigue") {
    TEST_CASE("32 classes: raw 1..31 and 99 in order; 37 subjects train, 35 test") {
        const ClassNames classes = imigue_classes();
        REQUIRE(classes.count() == 32);
        CHECK(classes.names[0] == "turtle neck");
        CHECK(classes.names[27] == "head up");
        CHECK(classes.names[31] == "illustrative gesture");
        CHECK(classes.body_of.empty());
        int training = 0;
        std::int64_t sum = 0;
        for (std::int64_t subject = 1; subject <= 72; ++subject) {
            training += is_imigue_training_subject(subject);
            sum += is_imigue_training_subject(subject) ? subject : 0;
        }
        CHECK(training == 37);
        CHECK(sum == 1100);
        CHECK(is_imigue_training_subject(2));
        CHECK(is_imigue_training_subject(62));
        CHECK(!is_imigue_training_subject(1));
        CHECK(!is_imigue_training_subject(72));
    }

    TEST_CASE("the original CSV: ranges from 0 with their end, split by subject") {
        ImigueFolder folder;
        folder.add_frames("0001", 151);
        folder.add_frames("0010", 9);
        write(folder / "labels_20200831.csv", header + row(1, 122, 150, 3, 2) +
                                                  row(10, 0, 8, 99, 1) + row(1, 5, 5, 31, 2) +
                                                  row(1, 5, 5, 31, 2) + row(1, 4, 6, 1, 2));
        const auto train = read_split(folder.path(), "train", 32, {.keypoints = false});
        REQUIRE(train.size() == 4);
        CHECK(train[0].files.name == "0001_00122_00150");
        CHECK(train[0].files.count == 29);
        CHECK(train[0].files.frame(0) == folder / "frames/0001/img_00123.jpg");
        CHECK(train[0].files.frame(28) == folder / "frames/0001/img_00151.jpg");
        CHECK(train[0].files.video_stems() == std::vector<std::string>{"0001"});
        CHECK(train[0].label == 2);
        CHECK(contains(train[0].where, {"labels_20200831.csv:2"}));
        // Overlapping and repeated ranges are legal; a name is still one clip's.
        CHECK(train[1].files.count == 1);
        CHECK(train[1].label == 30);
        CHECK(train[1].files.name == "0001_00005_00005");
        CHECK(train[2].files.name == "0001_00005_00005_2");
        CHECK(train[3].label == 0);
        for (const char* split : {"test", "val"}) {
            const auto test = read_split(folder.path(), split, 32, {.keypoints = false});
            REQUIRE(test.size() == 1);
            CHECK(test[0].label == 31);
            CHECK(test[0].files.name == "0010_00000_00008");
        }
        const auto format = open_dataset(folder.path());
        CHECK(contains(format->note("val"), {"test subjects"}));
        CHECK(format->note("test").empty());
    }

    TEST_CASE("columns are found by name, in Label/ too") {
        ImigueFolder folder;
        write(folder / "Label/labels_20200831.csv",
              "\"subject_id\",class,end_frame,\"start_frame\",video_id\n5,7,20,10,12\n");
        const auto train = folder.clips("train");
        REQUIRE(train.size() == 1);
        CHECK(train[0].files.name == "0012_00010_00020");
        CHECK(train[0].label == 6);
    }

    TEST_CASE("mistakes in the CSV name the file and the line") {
        ImigueFolder folder;
        folder.add_frames("0001", 20);
        const auto error = [&](const std::string& rows) {
            write(folder / "labels_20200831.csv", header + rows);
            return folder.error("train");
        };
        const std::string good = row(1, 0, 19, 3, 2);
        CHECK(contains(error(good + row(1, 9, 8, 3, 2)), {".csv:3", "9", "comes after", "8"}));
        write(folder / "labels_20200831.csv",
              header + good + "1,1,0,0,0,9223372036854775807,3,2,M,Japan,win\r\n");
        CHECK(contains(folder.error("train"), {".csv:3", "9223372036854775807", "too large"}));
        CHECK(contains(error(row(1, -1, 8, 3, 2)), {".csv:2", "start frame -1", "from 0"}));
        CHECK(contains(error(good + row(1, 14, 20, 3, 2)),
                       {".csv:3", "15..21", "has 20", "img_00021.jpg"}));
        CHECK(contains(error(row(1, 1, 8, 32, 2)), {".csv:2", "class 32", "99"}));
        CHECK(contains(error(row(1, 1, 8, 0, 2)), {".csv:2", "class 0"}));
        CHECK(contains(error(row(1, 1, 8, 3, 73)), {".csv:2", "subject 73", "1..72"}));
        CHECK(contains(error(row(0, 1, 8, 3, 2)), {".csv:2", "video_id 0"}));
        CHECK(contains(error("1,2,3\r\n"), {".csv:2", "3 fields", "11 columns"}));
        CHECK(contains(error("\"1,2,3\r\n"), {".csv:2", "quote"}));
        CHECK(contains(error(row(2, 1, 8, 3, 2)), {".csv:2", "missing folder", "frames/0002"}));
        CHECK(contains(error(row(1, 1, 8, 3, 1)), {"train", "no clip"}));
        write(folder / "labels_20200831.csv", "video_id,class,start_frame,end_frame\n");
        CHECK(contains(folder.error("train"), {".csv:1", "subject_id"}));
        write(folder / "labels_20200831.csv", "");
        CHECK(contains(folder.error("train"), {"labels_20200831.csv", "empty"}));
    }

    TEST_CASE("the MiGA release: files per video, split by their folders") {
        ImigueFolder folder;
        const std::string data = "imigue_data_phase1/datasets/";
        write(folder / (data + "imigue_skeleton_train/0003/0003_label.csv"),
              "5,10,20\r\n99,30,31\r\n");
        write(folder / (data + "imigue_skeleton_train/0001/0001_label.csv"), "1,2,3");
        write(folder / (data + "imigue_skeleton_validate/0002/0002_label.csv"), "2,4,8\n");
        write(folder / "test/0349_label.csv", "0,4,8\n31,9,9\n");
        write(folder / (data + "imigue_skeleton_train/notes_label.csv"), "not a video's");
        write(folder / "frames/0003/0003_label.csv", "not looked for here");
        const auto train = folder.clips("train");
        REQUIRE(train.size() == 3);
        CHECK(train[0].files.name == "0001_00002_00003");
        CHECK(train[1].files.name == "0003_00010_00020");
        CHECK(train[1].label == 4);
        CHECK(train[2].label == 31);
        CHECK(contains(train[2].where, {"0003_label.csv:2"}));
        CHECK(folder.clips("val")[0].files.name == "0002_00004_00008");
        const auto test = folder.clips("test");
        CHECK(test[0].label == unlabelled);
        CHECK(test[1].label == 30);
        CHECK(contains(folder.error("test", {.frames = false, .keypoints = false}),
                       {"0349_label.csv:1", "placeholders", "--predictions"}));
        CHECK(open_dataset(folder.path())->note("val").empty());

        write(folder / (data + "imigue_skeleton_validate/0002/0002_label.csv"), "0,4,8\n");
        CHECK(contains(folder.error("val"), {"0002_label.csv:1", "class 0"}));
        write(folder / (data + "imigue_skeleton_validate/0002/0002_label.csv"), "1,4\n");
        CHECK(contains(folder.error("val"), {"0002_label.csv:1", "class,start,end"}));
        std::filesystem::remove_all(folder / (data + "imigue_skeleton_validate"));
        CHECK(contains(folder.error("val"), {"no val split", "--val test"}));
    }

    TEST_CASE("where frames count from can be said") {
        ImigueFolder folder;
        folder.add_frames("0001", 12);
        const ClipNeeds needs{.frames = true, .keypoints = false, .label = false};
        const auto first_frame = [&](std::optional<std::int64_t> number) {
            return read_split(folder.path(), "train", 32, needs, {.first_frame = number})[0]
                .files.frame(0);
        };
        write(folder / "train/0001_label.csv", "5,4,9\n");
        CHECK(first_frame(std::nullopt) == folder / "frames/0001/img_00004.jpg");
        CHECK(first_frame(0) == folder / "frames/0001/img_00005.jpg");
        write(folder / "train/0001_label.csv", "5,0,9\n");
        CHECK(contains(error_of([&] { first_frame(std::nullopt); }),
                       {"0001_label.csv:1", "start frame 0", "from 1", "--first-frame 0"}));
        CHECK(first_frame(0) == folder / "frames/0001/img_00001.jpg");
        write(folder / "labels_20200831.csv", header + row(1, 4, 9, 3, 2));
        CHECK(first_frame(std::nullopt) == folder / "frames/0001/img_00005.jpg");
        CHECK(first_frame(1) == folder / "frames/0001/img_00004.jpg");
    }

    TEST_CASE("videos without padding, as published, and keypoints where they are published") {
        ImigueFolder folder;
        folder.add_frames("371", 12);
        write(folder / "Label/labels_20200831.csv", header + row(371, 2, 5, 3, 2));
        const auto clip = [&] { return read_split(folder.path(), "train", 32, {})[0].files; };
        for (int t = 0; t < 12; ++t) {
            char name[80];
            std::snprintf(name, sizeof name, "Data/skeleton/raw/371/371_%012d_keypoints.json", t);
            write(folder / name, "x");
        }
        CHECK(clip().name == "0371_00002_00005");
        CHECK(clip().frame(0) == folder / "frames/371/img_00003.jpg");
        CHECK(clip().keypoint(0) ==
              folder / "Data/skeleton/raw/371/371_000000000002_keypoints.json");
        // Frames padded, keypoints not: the files are named after their own folder.
        std::filesystem::rename(folder / "frames/371", folder / "frames/0371");
        CHECK(clip().keypoint(3) ==
              folder / "Data/skeleton/raw/371/371_000000000005_keypoints.json");
        std::filesystem::create_directories(folder / "frames/371");
        CHECK(contains(folder.error("train"), {"video 371 lies in two folders", "frames/0371"}));
    }

    TEST_CASE("with subjects.csv the MiGA files are split by subject") {
        ImigueFolder folder;
        for (const char* video : {"0001", "0002", "0003"})
            write(folder / (std::string(video) + "_label.csv"), "1,2,3\n");
        CHECK(contains(folder.error("train"), {"no train split"}));
        write(folder / "subjects.csv", "video_id,subject_id\n1,2\n2,3\n3,61\n");
        CHECK(folder.clips("train").size() == 2);
        CHECK(folder.clips("test")[0].files.name == "0002_00002_00003");
        write(folder / "subjects.csv", "video_id,subject_id\n1,2\n");
        CHECK(contains(folder.error("train"), {"0002_label.csv", "video 2", "subjects.csv"}));
    }

    TEST_CASE("with subjects.csv files without labels are left out") {
        ImigueFolder folder;
        write(folder / "imigue_skeleton_train/0001/0001_label.csv", "1,2,3\n");
        write(folder / "imigue_skeleton_validate/0002/0002_label.csv", "2,2,3\n");
        write(folder / "imigue_skeleton_test/0003/0003_label.csv", "0,2,3\r\n0,5,6\r\n");
        write(folder / "imigue_skeleton_test/0004/0004_label.csv", "0,2,3\n");
        write(folder / "subjects.csv", "video_id,subject_id\n1,2\n2,3\n4,3\n");
        CHECK(folder.clips("train").size() == 1);
        for (const char* split : {"val", "test"}) {
            const auto clips = folder.clips(split);
            REQUIRE(clips.size() == 1);
            CHECK(clips[0].files.name == "0002_00002_00003");
            CHECK(clips[0].label == 1);
        }
        // Labels in the test folder, or none in another, are as everywhere.
        write(folder / "imigue_skeleton_test/0003/0003_label.csv", "0,2,3\n4,5,6\n");
        CHECK(contains(folder.error("train"), {"0003_label.csv", "video 3", "subjects.csv"}));
        write(folder / "imigue_skeleton_test/0003/0003_label.csv", "0,2,3\nfour,5,6\n");
        CHECK(contains(folder.error("train"), {"0003_label.csv", "video 3", "subjects.csv"}));
        std::filesystem::remove_all(folder / "imigue_skeleton_test/0003");
        write(folder / "imigue_skeleton_validate/0002/0002_label.csv", "0,2,3\n");
        for (const char* split : {"val", "test"})
            CHECK(contains(folder.error(split), {"0002_label.csv:1", "class 0"}));
    }

    TEST_CASE("a video with two label files in one split is an error") {
        ImigueFolder folder;
        write(folder / "a_train/0001_label.csv", "1,2,3\n");
        write(folder / "a_train/0007_label.csv", "1,2,3\n");
        write(folder / "a_val/0001_label.csv", "1,2,3\n");
        CHECK(folder.clips("train").size() == 2);
        CHECK(folder.clips("val").size() == 1);
        write(folder / "subjects.csv", "video_id,subject_id\n1,2\n7,2\n");
        CHECK(
            contains(folder.error("train"), {"a_val/0001_label.csv: ", "a_train/0001_label.csv"}));
        std::filesystem::remove(folder / "subjects.csv");
        write(folder / "b/train/0001_label.csv", "5,6,7\n");
        CHECK(contains(folder.error("train"),
                       {"b/train/0001_label.csv: ", "video 1", "a_train/0001_label.csv"}));
        std::filesystem::remove_all(folder / "b");
        std::filesystem::create_directory_symlink(".", folder / "self");
        CHECK(contains(folder.error("train"),
                       {"self/a_train/0001_label.csv: ", "video 1", "a_train/0001_label.csv"}));
    }

    TEST_CASE("a folder that cannot be read is an error, not a dataset without it") {
        namespace fs = std::filesystem;
        ImigueFolder folder;
        write(folder / "train/0001/0001_label.csv", "1,2,3\n");
        write(folder / "train/0002/0002_label.csv", "1,2,3\n");
        fs::create_directory_symlink("nowhere", folder / "train/0003");
        fs::create_directory_symlink("0004", folder / "train/0004");
        fs::create_directory(folder / "lost+found");
        CHECK(folder.clips("train").size() == 2);
        fs::create_directory(folder / ".Trash-0");
        if (!open_to_all(folder.path())) return;
        for (const char* of_the_disk : {"lost+found", ".Trash-0"})
            fs::permissions(folder / of_the_disk, fs::perms::none);
        // Neither listed, nor entered.
        for (const fs::perms few : {fs::perms::none, fs::perms::owner_read | fs::perms::group_read |
                                                         fs::perms::others_read}) {
            for (const char* closed : {"train/0002", "train"}) {
                CAPTURE(closed);
                fs::permissions(folder / closed, few);
                {
                    const Unprivileged nobody;
                    for (const char* split : {"train", "val"})
                        CHECK(contains(folder.error(split), {"cannot read ", closed, "ermission"}));
                }
                fs::permissions(folder / closed, fs::perms::all);
            }
        }
        {
            const Unprivileged nobody;
            CHECK(folder.clips("train").size() == 2);
        }
        for (const char* of_the_disk : {"lost+found", ".Trash-0"})
            fs::permissions(folder / of_the_disk, fs::perms::all);
    }

    TEST_CASE("keypoints: a folder, or a table in keypoints/ or beside the labels") {
        ImigueFolder folder;
        write(folder / "train/0001/0001_label.csv", "1,2,3\n");
        const auto keypoints = [&] { return folder.clips("train")[0].files.keypoints; };
        CHECK(keypoints() == folder / "keypoints/0001");
        write(folder / "train/0001/0001_light_hand.csv", "x");
        CHECK(keypoints() == folder / "train/0001/0001_light_hand.csv");
        CHECK(folder.clips("train")[0].files.has_keypoint_table());
        std::filesystem::create_directories(folder / "keypoints/0001");
        CHECK(keypoints() == folder / "keypoints/0001");
        write(folder / "keypoints/0001/0001_light_hand.csv", "x");
        CHECK(keypoints() == folder / "keypoints/0001/0001_light_hand.csv");
        write(folder / "keypoints/0001_light_hand.csv", "x");
        CHECK(keypoints() == folder / "keypoints/0001_light_hand.csv");
    }

    TEST_CASE("the files that it is read from: labels, subjects, tables beside labels") {
        ImigueFolder folder;
        const auto files = [&] { return open_dataset(folder.path())->files(); };
        using Paths = std::vector<std::filesystem::path>;
        for (const char* file :
             {"train/0002_label.csv", "train/0002_light_hand.csv", "val/0001_label.csv",
              "val/0003_light_hand.csv", "keypoints/0001_light_hand.csv"})
            write(folder / file, "x");
        CHECK(files() == Paths{folder / "val/0001_label.csv", folder / "train/0002_label.csv",
                               folder / "train/0002_light_hand.csv"});
        write(folder / "subjects.csv", "x");
        CHECK(files().size() == 4);
        CHECK(files()[0] == folder / "subjects.csv");
        write(folder / "labels_20200831.csv", "x");  // alone then
        CHECK(files() == Paths{folder / "labels_20200831.csv"});
    }

    TEST_CASE("the labels' folder may be a link, and holds its keypoints; a table may not") {
        namespace fs = std::filesystem;
        const TemporaryFolder elsewhere;
        ImigueFolder folder;
        std::string table;
        for (int r = 0; r < 3; ++r) {
            table += std::to_string(r);
            for (int c = 0; c < 105; ++c)
                table.append(",").append(std::to_string(1.5 * r + c + 0.25));
            table += "\n";
        }
        write(elsewhere / "labels/0001/0001_label.csv", "1,2,3\n");
        write(elsewhere / "labels/0001/0001_light_hand.csv", table);
        fs::create_directory_symlink(elsewhere / "labels", folder / "imigue_skeleton_train");
        const ClipNeeds needs{.frames = false, .keypoints = true, .label = false};
        CHECK(read_split(folder.path(), "train", 32, needs).size() == 1);
        write(elsewhere / "table.csv", table);
        const fs::path link = folder / "imigue_skeleton_train/0001/0001_light_hand.csv";
        fs::remove(link);
        fs::create_symlink(elsewhere / "table.csv", link);
        CHECK(contains(folder.error("train", needs),
                       {"0001_label.csv:1", "0001_light_hand.csv is a link that leads out of",
                        "link the whole of " + link.parent_path().string()}));
    }
}

}  // namespace mdn::test
