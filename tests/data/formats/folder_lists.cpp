#include "data/formats/folder_lists.h"

#include <cerrno>

#include "data/dataset.h"
#include "tests/data/formats/unlisted_clips.h"
#include "tests/failing_calls.h"
#include "tests/unprivileged.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

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
        CHECK(write_folder_lists(lists).written.size() == 4);
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
        CHECK(write_folder_lists(lists).removed == std::vector{people / "val.txt"});
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

    TEST_CASE("the way out of a labels.txt that lacks a class works") {
        const People people;
        const auto lists = [&] {
            check_lists_can_be_written(people.path(), true, true);
            return people.lists("{group}_{class}_{}", {}, true);
        };
        write(people / "labels.txt", "0\twave\thand\n");
        const std::string error = error_of(lists);
        CHECK_MESSAGE(contains(error, {"| add this line to labels.txt: 1<TAB>nod<TAB>BODY-LEVEL "
                                       "NAME; or move labels.txt away"}),
                      error);
        CHECK_FALSE(contains(error, {"--overwrite"}));  // it refuses to lose the names
        write(people / "labels.txt", "0\twave\thand\n1\tnod\thead\n");
        CHECK(lists().count(1, 0) == 1);
        write(people / "labels.txt", "0\twave\n");
        CHECK(contains(error_of(lists), {"labels.txt: 1<TAB>nod; or"}));
        fs::rename(people / "labels.txt", people / "old.txt");
        CHECK(lists().classes == std::vector<std::string>{"nod", "wave"});
    }

    TEST_CASE("a labels.txt that cannot be read is not replaced, and moving it away helps") {
        const People people;
        write(people / "labels.txt", "\xFF\xFE");
        CHECK(contains(error_of([&] { check_lists_can_be_written(people.path(), false, true); }),
                       {"--overwrite would lose", "labels.txt is UTF-16",
                        "| move labels.txt away first", "iconv"}));
        CHECK(contains(error_of([&] { people.lists("{group}_{class}_{}", {}, true); }),
                       {"labels.txt is UTF-16", "iconv", "; or move labels.txt away"}));
        fs::rename(people / "labels.txt", people / "old.txt");
        CHECK_NOTHROW(check_lists_can_be_written(people.path(), false, true));
    }

    TEST_CASE("a link that leads nowhere is replaced by no list") {
        for (const char* name : {"labels.txt", "train.txt", "val.txt", "test.txt"}) {
            CAPTURE(name);
            const People people;
            fs::create_symlink("nowhere", people / name);
            for (const bool overwrite : {false, true})
                CHECK(contains(
                    error_of([&] { check_lists_can_be_written(people.path(), true, overwrite); }),
                    {(people / name).string() + " is a link that leads nowhere", "remove it"}));
        }
        const People people;
        fs::create_symlink("nowhere", people / "labels.txt");
        CHECK(contains(error_of([&] { people.lists("{group}_{class}_{}", {}, true); }),
                       {"labels.txt is a link that leads nowhere"}));
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
        if (!open_to_all(ma52.path())) return;
        fs::permissions(ma52.path(), fs::perms::none);
        {
            const Unprivileged nobody;
            CHECK(contains(error_of([&] { check_lists_can_be_written(ma52.path(), false, true); }),
                           {ma52.path().string() + " cannot be read: Permission denied"}));
        }
        fs::permissions(ma52.path(), fs::perms::all);  // to be removed
    }

    TEST_CASE("body-level names are not lost without a word") {
        const People people;
        const auto check = [&](bool keep_labels) {
            check_lists_can_be_written(people.path(), keep_labels, true);
        };
        write(people / "labels.txt", "0\twave\n1\tnod\t \n");
        CHECK_NOTHROW(check(false));
        write(people / "labels.txt", "0\twave\n1\tnod\thead\n");
        CHECK(contains(error_of([&] { check(false); }),
                       {"labels.txt:2: the body-level name 'head' would be lost",
                        "--keep-labels --overwrite", "move labels.txt away first"}));
        CHECK_NOTHROW(check(true));
    }

    TEST_CASE("nothing is written where something else has the name of a list") {
        for (const char* name : {"labels.txt", "train.txt", "val.txt", "test.txt"}) {
            CAPTURE(name);
            const People people;
            fs::create_directories(people / name);
            CHECK(contains(
                error_of([&] { check_lists_can_be_written(people.path(), false, true); }),
                {(people / name).string() + " is a folder: lists writes a file of that name",
                 "move it away"}));
            // Val and test are to be removed here, not written.
            const FolderLists lists =
                people.lists("{group}_{class}_{}", {.val_share = 0, .test_share = 0});
            CHECK(
                contains(error_of([&] { write_folder_lists(lists); }), {(people / name).string()}));
            CHECK(fs::is_directory(people / name));
            int64_t files = 0;
            for (const auto& entry : fs::directory_iterator(people.path()))
                files += entry.is_regular_file();
            CHECK(files == 0);
        }
    }

    TEST_CASE("where a file cannot take its name, the error says which others have theirs") {
        const People people;
        write(people / "labels.txt", "0\told\n");
        write(people / "train.txt", "old 3 0\n");
        write(people / "test.txt", "P3_nod_1 3 0\nP3_wave_1 3 1\n");
        const FolderLists lists = people.lists("{group}_{class}_{}");
        {
            const FailingCall failing(Call::write, ENOSPC, 2);
            const std::string error = error_of([&] { write_folder_lists(lists); });
            CHECK_MESSAGE(contains(error, {"cannot write", "val.txt"}), error);
            CHECK_FALSE(contains(error, {"new by now"}));
            CHECK(people.text("labels.txt") == "0\told\n");
        }
        {
            const FailingCall failing(Call::fsync, EIO, 2);  // a file's, and its folder's
            const std::string error = error_of([&] { write_folder_lists(lists); });
            // The test list stays as it was, and is right.
            CHECK_MESSAGE(
                contains(error, {"cannot write " + (people / "train.txt").string(),
                                 "; new by now: labels.txt; still as before: train.txt, val.txt. "
                                 "These labels and lists do not belong together | ",
                                 "the same command with --overwrite"}),
                error);
        }
        CHECK(people.text("labels.txt") == "0\tnod\n1\twave\n");
        CHECK(people.text("train.txt") == "old 3 0\n");
        write_folder_lists(lists);
        CHECK(people.text("train.txt") == "P1_nod_1 3 0\nP1_wave_1 3 1\n");
    }

    TEST_CASE("a list of somebody else in a folder like /tmp is refused before all others") {
        const People people;
        // Who else than root could write the file of somebody else?
        if (::geteuid() != 0 || !open_to_all(people.path())) return;
        write(people / "val.txt", "old 3 0\n");
        fs::permissions(people.path(), fs::perms::all | fs::perms::sticky_bit);
        const FolderLists lists = people.lists("{group}_{class}_{}");
        {
            const Unprivileged nobody;
            CHECK(contains(error_of([&] { write_folder_lists(lists); }),
                           {(people / "val.txt").string() + " cannot be replaced: it belongs to",
                            "| let the owner remove it"}));
        }
        CHECK_FALSE(fs::exists(people / "labels.txt"));
        CHECK(people.text("val.txt") == "old 3 0\n");
    }

    TEST_CASE("blanks that nobody sees are refused wherever they stand") {
        struct Case {
            const char *clip, *pattern;
            std::vector<std::string> message;
        };
        const Case cases[] = {
            {"walk /1", "{class}/{}", {"frames/walk /1' cannot", "'walk ' begins or ends"}},
            {"walk/ 1", "{class}/{}", {"frames/walk/ 1' cannot", "' 1' begins or ends"}},
            {"walk/1 ", "{class}/{}", {"frames/walk/1 ' cannot", "'1 ' begins or ends"}},
            {"P1_walk _1", "{group}_{class}_{}", {"clip 'P1_walk _1' has the class 'walk '"}},
            {"P1 _walk_1", "{group}_{class}_{}", {"clip 'P1 _walk_1' has the group 'P1 '"}},
            {"walk/1\n2", "{class}/{}", {"cannot be listed", "holds a control character"}},
            {"walk/1\xFF", "{class}/{}", {"cannot be listed", "is not UTF-8"}},
        };
        for (const Case& c : cases) {
            CAPTURE(c.clip);
            const Clips clips;
            clips.frames(c.clip, 2);
            const std::string error = error_of([&] { clips.lists(c.pattern); });
            CHECK_MESSAGE(contains(error, c.message), error);
            CHECK(contains(error, {"| rename the folder"}));
        }
        Clips clips;
        for (const char* clip : {"1", "2", "3"})
            clips.keypoints(std::string("walk ") + clip + "/ x", 2);
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"keypoints/walk 1/ x'"}));
    }

    TEST_CASE("classes that differ only in case are told, and groups if two lists have them") {
        const Clips clips;
        for (const char* clip : {"P01_Walk_1", "p01_walk_1", "P2_walk_1", "P3_walk_1"})
            clips.frames(clip, 2);
        clips.lists("{group}_{class}_{}",
                    {.val_share = 0, .test_share = 0, .val_groups = {}, .test_groups = {"p01"}});
        REQUIRE(clips.warnings.size() == 2);
        CHECK(contains(clips.warnings[0], {"the classes 'Walk' and 'walk' differ only in case"}));
        CHECK_MESSAGE(contains(clips.warnings[1], {"the groups 'P01' and 'p01' differ only in case",
                                                   "lists 'test' and 'train'"}),
                      clips.warnings[1]);
        clips.lists("{group}_{class}_{}",
                    {.val_share = 0, .test_share = 0, .val_groups = {}, .test_groups = {"P2"}});
        CHECK(clips.warnings.size() == 1);
        // Without {group} a clip is no person.
        clips.lists("{}_{class}_{}");
        REQUIRE(clips.warnings.size() == 1);
        CHECK(contains(clips.warnings[0], {"the classes 'Walk' and 'walk'"}));
    }

    TEST_CASE("without {group} it is clips that cannot fill the lists") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2"}) clips.frames(clip, 2);
        const std::string error = error_of([&] { clips.lists("{class}/{}"); });
        CHECK(contains(error, {"2 clips cannot fill 3 lists", "| add clips, at least one"}));
        CHECK_FALSE(contains(error, {"{group}"}));
    }

    TEST_CASE("a labels.txt that cannot be kept is refused with a way out that is open") {
        const People people;
        for (const char* text : {"0 walk\n", "1\tnod\n2\twave\n", "x\tnod\n", "0\ta\n0\tb\n", "\n",
                                 "0\tnod\n2\twave\n\n", "0\tnod\n1\twave\thand\n"}) {
            CAPTURE(text);
            write(people / "labels.txt", text);
            const std::string error =
                error_of([&] { people.lists("{group}_{class}_{}", {}, true); });
            INFO(error);
            CHECK(contains(error, {"labels.txt", "; or move labels.txt away"}));
        }
    }

    TEST_CASE("folders without clips, and names that cannot be listed, are refused") {
        const Clips clips;
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"neither frames/ nor"}));
        fs::create_directories(clips / "frames");
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"holds no clip"}));
        clips.frames("wave", 2);
        clips.frames("a/b", 2);
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }),
                       {"--names does not fit 1 of 2 clips, for example 'wave'"}));
        clips.frames("a/b\nc", 2);
        CHECK(contains(error_of([&] { clips.lists("{class}/{}"); }), {"cannot be listed"}));
    }
}
