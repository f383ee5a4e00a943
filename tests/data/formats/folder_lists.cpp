#include "data/formats/folder_lists.h"

#include <fstream>
#include <iterator>

#include "data/dataset.h"
#include "data/file.h"
#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

namespace {

/// A dataset folder without lists. Files are looked for, not into.
struct Clips : TemporaryFolder {
    mutable std::vector<std::string> warnings;  // of the last call of lists()

    void frames(const std::string& clip, int count, int first = 1) const {
        for (int t = first; t < first + count; ++t)
            write(path() / "frames" / clip / ("img_0000" + std::to_string(t) + ".jpg"), "");
    }
    void keypoints(const std::string& clip, int count) const {
        for (int t = 1; t <= count; ++t)
            write(
                path() / "keypoints" / clip / ("img_0000" + std::to_string(t) + "_keypoints.json"),
                "");
    }
    FolderLists lists(const std::string& pattern, const SplitPlan& plan = {},
                      bool keep_labels = false,
                      const std::optional<FrameNames>& frame_names = {}) const {
        warnings.clear();
        return make_folder_lists(path(), NamePattern(pattern, "--names"), plan, keep_labels,
                                 frame_names,
                                 [&](const std::string& text) { warnings.push_back(text); });
    }
    std::string text(const std::string& name) const { return read_file(path() / name); }
};

/// Three people, two actions.
struct People : Clips {
    People() {
        for (const char* person : {"P1", "P2", "P3"})
            for (const char* action : {"wave", "nod"}) {
                frames(std::string(person) + "_" + action + "_1", 3);
                keypoints(std::string(person) + "_" + action + "_1", 3);
            }
    }
};

}  // namespace

TEST_SUITE("data/formats/folder_lists") {
    TEST_CASE("lists and labels are written in the project's own form") {
        const People people;
        const FolderLists lists = people.lists("{group}_{class}_{}");
        CHECK(people.warnings.empty());
        CHECK(lists.classes == std::vector<std::string>{"nod", "wave"});
        CHECK(lists.has_frames);
        CHECK(lists.has_keypoints);
        CHECK(lists.count(0, 1) == 1);
        CHECK(lists.groups(2) == std::vector<std::string>{"P3"});
        CHECK(write_folder_lists(lists).size() == 4);
        CHECK(people.text("labels.txt") == "0\tnod\n1\twave\n");
        CHECK(people.text("train.txt") == "P1_nod_1 3 0\nP1_wave_1 3 1\n");
        CHECK(people.text("val.txt") == "P2_nod_1 3 0\nP2_wave_1 3 1\n");
        CHECK(people.text("test.txt") == "P3_nod_1 3 0\nP3_wave_1 3 1\n");
        for (const char* split : split_names)
            CHECK(read_split(people.path(), split, 2, {}).size() == 2);
    }

    TEST_CASE("classes are folders, and clips may lie deeper") {
        const Clips clips;
        for (const char* clip : {"wave/a", "wave/b", "wave/deep/c", "nod/a", "nod/b", "nod/c d"})
            clips.frames(clip, 2);
        const FolderLists lists = clips.lists("{class}/{}");
        CHECK(lists.classes == std::vector<std::string>{"nod", "wave"});
        CHECK(lists.clips.size() == 6);
        CHECK(lists.has_keypoints == false);
        write_folder_lists(lists);
        int64_t read = 0;
        for (const char* split : split_names)
            read += std::ssize(read_split(clips.path(), split, 2, {.keypoints = false}));
        CHECK(read == 6);
    }

    TEST_CASE("folders that could not be trained on are left out and told") {
        const People people;
        fs::create_directories(people / "frames/P4_nod_1");
        people.frames("P5_nod_1", 2);
        people.frames("P5_nod_1", 1, 4);  // 3 is missing
        people.frames("P6_nod_1", 3);     // no keypoints
        people.frames("P7_nod_1", 3);
        people.keypoints("P7_nod_1", 2);
        const FolderLists lists = people.lists("{group}_{class}_{}");
        CHECK(lists.clips.size() == 6);
        std::string all;
        for (const std::string& warning : people.warnings) all += warning + "\n";
        CHECK(people.warnings.size() == 4);
        CHECK(contains(all, {"frames/P4_nod_1 holds no frames", "frames/P5_nod_1 has a gap",
                             "frames/P6_nod_1 does not have a keypoint file for every frame",
                             "frames/P7_nod_1 does not have"}));
    }

    TEST_CASE("a link out of the folder is left out") {
        const People people;
        const TemporaryFolder other;
        write(other / "img_00001.jpg", "");
        fs::create_directory_symlink(other.path(), people / "frames/P9_nod_1");
        const FolderLists lists = people.lists("{group}_{class}_{}");
        CHECK(lists.clips.size() == 6);
        REQUIRE(people.warnings.size() == 1);
        CHECK(contains(people.warnings[0], {"P9_nod_1 is a link that leads out of"}));
    }

    TEST_CASE("clips to which two paths lead are refused, whichever is the link") {
        struct Case {
            const char *target, *link;  // the link lies below frames/
            std::vector<std::string> message;
        };
        const Case cases[] = {
            {"1", "walk/4", {"frames/walk/4 and ", "frames/walk/1 are the same folder, so a clip"}},
            {"../run", "walk/loop", {"frames/walk/loop and ", "frames/run are", "so 2 clips"}},
            {"walk", "aaa", {"frames/walk and ", "frames/aaa are", "so 3 clips"}},
            {"..", "walk/up", {"frames/walk/up and ", "frames are", "so 5 clips"}},
            {"..", "run/up", {"frames/run/up and ", "frames are", "so 5 clips"}},
            {"../walk/2", "run/2x", {"frames/walk/2 and ", "frames/run/2x are", "so a clip"}},
        };
        for (const Case& c : cases) {
            CAPTURE(c.link);
            const Clips clips;
            for (const char* clip : {"walk/1", "walk/2", "walk/3", "run/1", "run/2"})
                clips.frames(clip, 2);
            const std::string link = std::string("frames/") + c.link;
            fs::create_directory_symlink(c.target, clips / link);
            std::vector<std::string> message = c.message;
            message.push_back("| remove the link " + (clips / link).string());
            const std::string error = error_of([&] { clips.lists("{class}/{}"); });
            CHECK_MESSAGE(contains(error, message), error);
        }
    }

    TEST_CASE("a link that alone leads to its clips, and a frames/ elsewhere, are fine") {
        const Clips clips;
        for (const char* clip : {"walk/1", ".store/2", "walk/3"}) clips.frames(clip, 2);
        fs::create_directory_symlink("../.store/2", clips / "frames/walk/2");
        fs::create_directory_symlink("nowhere", clips / "frames/walk/4");
        fs::rename(clips / "frames", clips / "elsewhere");
        fs::create_directory_symlink("elsewhere", clips / "frames");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        CHECK(clips.warnings.empty());
    }

    TEST_CASE("hidden folders are no clips") {
        const People people;
        people.frames(".P09_nod_1", 3);
        people.frames(".cache/P09_nod_1", 3);
        CHECK(people.lists("{group}_{class}_{}").clips.size() == 6);
        CHECK(people.warnings.empty());
    }

    TEST_CASE("clips that lie below a clip are told, with the file that makes it one") {
        const People people;
        for (const char* clip : {"P4_nod_1/a/1", "P4_nod_1/a/2", "P4_nod_1/b"})
            people.frames(clip, 2);
        people.frames("P4_nod_1", 1);
        people.frames("P5_nod_1", 3);
        people.frames("P5_nod_1/thumbs", 3);
        people.frames("P5_nod_1/thumbs/again", 3);
        for (const char* clip : {"P4_nod_1", "P5_nod_1"}) {
            people.keypoints(clip, 3);
            fs::create_directories(people / "frames" / clip / "empty");
            fs::create_directory_symlink("..", people / "frames" / clip / "up");
        }
        CHECK(people.lists("{group}_{class}_{}").clips.size() == 8);
        REQUIRE(people.warnings.size() == 2);
        const std::string p4 = (people / "frames/P4_nod_1").string();
        CHECK_MESSAGE(
            contains(
                people.warnings[0],
                {p4 + " is a clip, because it holds img_00001.jpg; 3 clips below it, such as " +
                     p4 + "/a/1, are not listed",
                 "move the files out of " + p4 + "; if not, move the folders below it out"}),
            people.warnings[0]);
        CHECK_MESSAGE(
            contains(people.warnings[1], {"a clip below it, ", "P5_nod_1/thumbs, is not"}),
            people.warnings[1]);
    }

    TEST_CASE("a stray image that makes no clip hides none") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3"}) clips.frames(clip, 2);
        write(clips / "frames/walk/IMG_1234.jpg", "");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        CHECK(clips.warnings.size() == 1);
    }

    TEST_CASE("keypoint files hide the clips below them as frames do") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3", "walk/3/old"})
            clips.keypoints(clip, 2);
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 1);
        CHECK(contains(clips.warnings[0], {"keypoints/walk/3 is a clip, because it holds "
                                           "img_00001_keypoints.json; a clip below it, ",
                                           "keypoints/walk/3/old, is not listed"}));
    }

    TEST_CASE("folders that lie too deep are told") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3", "a/2/3/4/5/6/7/8/9"})
            clips.frames(clip, 2);
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 1);
        CHECK(contains(clips.warnings[0], {"frames/a/2/3/4/5/6/7/8 lies 8 folders deep"}));
    }

    TEST_CASE("links that go round in circles end") {
        const People people;
        for (char name = 'a'; name <= 'z'; ++name) {
            const fs::path folder = people / (std::string("frames/") + name);
            fs::create_directories(folder);
            fs::create_directory_symlink("..", folder / "up");
        }
        CHECK(contains(error_of([&] { people.lists("{group}_{class}_{}"); }), {"so 6 clips"}));
    }

    TEST_CASE("many warnings of one kind are told once") {
        const People people;
        for (int i = 0; i < 30; ++i)
            fs::create_directories(people / ("frames/empty_" + std::to_string(i) + "_x"));
        const FolderLists lists = people.lists("{group}_{class}_{}");
        REQUIRE(people.warnings.size() == 11);
        CHECK(contains(people.warnings.back(), {"20 more folders"}));
    }

    TEST_CASE("keypoints alone are a dataset for the modality pose") {
        const People people;
        fs::remove_all(people / "frames");
        const FolderLists lists = people.lists("{group}_{class}_{}");
        CHECK_FALSE(lists.has_frames);
        write_folder_lists(lists);
        CHECK(read_split(people.path(), "train", 2, {.frames = false}).size() == 2);
    }

    TEST_CASE("a class without training clips is told") {
        const People people;
        people.frames("P3_bow_1", 3);
        people.keypoints("P3_bow_1", 3);
        const SplitPlan plan{
            .val_share = 0, .test_share = 0, .val_groups = {}, .test_groups = {"P3"}};
        const FolderLists lists = people.lists("{group}_{class}_{}", plan);
        REQUIRE(people.warnings.size() == 1);
        CHECK(contains(people.warnings[0], {"class 'bow' has no training clip"}));
        // A list that is not asked for does not survive from before.
        write(people / "val.txt", "old 3 0\n");
        write_folder_lists(lists);
        CHECK_FALSE(fs::exists(people / "val.txt"));
    }

    TEST_CASE("the numbers of classes can be those of a labels.txt") {
        const People people;
        write(people / "labels.txt", "0\twave\thand\n1\tnod\thead\n2\tbow\thead\n");
        const FolderLists lists = people.lists("{group}_{class}_{}", {}, true);
        write_folder_lists(lists);
        CHECK(people.text("labels.txt").starts_with("0\twave\thand\n"));
        CHECK(people.text("train.txt") == "P1_nod_1 3 1\nP1_wave_1 3 0\n");
        write(people / "labels.txt", "0\twave\n1\tnodd\n");
        CHECK(contains(error_of([&] { people.lists("{group}_{class}_{}", {}, true); }),
                       {"labels.txt has no class 'nod'", "P1_nod_1", "did you mean 'nodd'"}));
    }

    TEST_CASE("what is there is not replaced unasked, and no dataset's own lists are") {
        const People people;
        CHECK_NOTHROW(check_lists_can_be_written(people.path(), false, false));
        write(people / "labels.txt", "0\twave\n");
        CHECK(contains(error_of([&] { check_lists_can_be_written(people.path(), false, false); }),
                       {"labels.txt exists already", "--keep-labels", "--overwrite"}));
        CHECK_NOTHROW(check_lists_can_be_written(people.path(), true, false));
        write(people / "test.txt", "");
        CHECK(contains(error_of([&] { check_lists_can_be_written(people.path(), true, false); }),
                       {"test.txt exists already", "--overwrite"}));
        CHECK_NOTHROW(check_lists_can_be_written(people.path(), false, true));
        const TemporaryFolder ma52;
        write(ma52 / "train_list_videos.txt", "a.mp4 0\n");
        CHECK(contains(error_of([&] { check_lists_can_be_written(ma52.path(), false, true); }),
                       {"MA-52"}));
    }

    TEST_CASE("folders without clips, and names that cannot be listed, are refused") {
        const Clips clips;
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"neither frames/ nor"}));
        fs::create_directories(clips / "frames");
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"holds no clip"}));
        CHECK(contains(error_of([&] {
                           make_folder_lists(clips / "no", NamePattern("{class}", "--names"), {},
                                             false, {}, [](const std::string&) {});
                       }),
                       {"is not a folder"}));
        clips.frames("wave", 2);
        clips.frames("a/b", 2);
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }),
                       {"--names does not fit 1 of 2 clips, for example 'wave'"}));
        clips.frames("a/b\nc", 2);
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"cannot be listed"}));
    }

    TEST_CASE("the folder of frames stands for the dataset that it lies in") {
        const People people;
        CHECK(dataset_of(people / "frames") == people.path());
        CHECK(dataset_of((people / "frames").string() + "/") == people.path());
        CHECK(dataset_of(people.path()) == people.path());
        CHECK(dataset_of("frames") == ".");
        CHECK(dataset_of("no/such") == "no/such");
    }
}
