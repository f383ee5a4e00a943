#include "data/formats/clip_folders.h"

#include "tests/data/formats/unlisted_clips.h"
#include "tests/unprivileged.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

TEST_SUITE("data/formats/clip_folders") {
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
        const std::string link = (people / "frames/P9_nod_1").string(),
                          real = fs::canonical(other.path()).string();
        CHECK(contains(people.warnings[0], {link + " is a link that leads out of",
                                            "(mount --bind " + real + " " + link + ")"}));
        // A copy in the place of the link is one of the ways.
        fs::remove(link);
        fs::copy(real, link);
        people.keypoints("P9_nod_1", 1);
        CHECK(people.lists("{group}_{class}_{}").clips.size() == 7);
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
        const std::string walk = (clips / "frames/walk").string();
        const auto warning = [&] {
            CHECK(clips.lists("{class}/{}").clips.size() == 3);
            REQUIRE(clips.warnings.size() == 1);
            return clips.warnings[0];
        };
        write(walk + "/IMG_1234.jpg", "");
        CHECK(warning() == walk +
                               " holds IMG_1234.jpg beside folders of clips: the image is passed "
                               "over; move it away if it belongs to no clip");
        const std::string several =
            ", beside folders of clips: the images are passed over; move them away if they belong "
            "to no "
            "clip; if they are one, give it a folder of its own";
        write(walk + "/IMG_1235.jpg", "");
        CHECK(warning() == walk + " holds 2 images, such as IMG_1234.jpg" + several);
        fs::remove(walk + "/IMG_1234.jpg");
        fs::remove(walk + "/IMG_1235.jpg");
        for (const char* file : {"a_1.jpg", "b_1.jpg", "notes.txt"}) write(walk + "/" + file, "");
        CHECK(warning() == walk + " holds 2 images, such as a_1.jpg" + several);
    }

    TEST_CASE("a clip with a gap is told of the gap, whatever else lies in it") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3", "walk/4"}) clips.frames(clip, 3);
        const std::string odd = (clips / "frames/walk/4").string();
        fs::remove(odd + "/img_00002.jpg");
        write(odd + "/thumbs/list.txt", "");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 2);  // the other is of thumbs/
        CHECK_MESSAGE(contains(clips.warnings[0], {odd + " has a gap", "img_00002.jpg is missing"}),
                      clips.warnings[0]);
        // Of files that make no frames, their names are told.
        fs::remove_all(odd);
        for (const char* file : {"/a_1.jpg", "/b_1.jpg", "/thumbs/list.txt"}) write(odd + file, "");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 2);
        CHECK_MESSAGE(contains(clips.warnings[0], {odd, "a_", "b_", "left out"}),
                      clips.warnings[0]);
    }

    TEST_CASE("folders of clips that are called like images are no images") {
        const Clips clips;
        for (const char* clip : {"walk/1.jpg", "walk/3.jpg", "walk/4.jpg"}) clips.frames(clip, 2);
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        CHECK(clips.warnings.empty());
    }

    TEST_CASE("keypoint files that make no clip are told beside folders") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3"}) clips.keypoints(clip, 2);
        write(clips / "keypoints/walk/img_00007_keypoints.json", "");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 1);
        CHECK(contains(clips.warnings[0], {"keypoints/walk holds img_00007_keypoints.json beside "
                                           "folders of clips: the keypoint file is passed over"}));
    }

    TEST_CASE("a folder that may not be read is told as such") {
        const std::string denied = " cannot be read: Permission denied";
        // Whoever looks: names can be read, and no file behind them.
        const fs::perms names_only =
            fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
        for (const fs::perms closed : {fs::perms::none, names_only}) {
            const People people;
            if (!open_to_all(people.path())) return;
            for (const char* folder : {"frames/P4", "frames/P1_nod_1", "keypoints/P2_nod_1"}) {
                CAPTURE(std::string(folder));
                // Of keypoints, lists looks at the names alone.
                if (closed == names_only && folder[0] == 'k') continue;
                fs::create_directories(people / folder);
                fs::permissions(people / folder, closed);
                {
                    const Unprivileged nobody;
                    people.lists("{group}_{class}_{}", {.val_share = 0, .test_share = 0});
                }
                fs::permissions(people / folder, fs::perms::all);
                fs::remove_all(people / "frames/P4");  // an empty one is told as well
                REQUIRE(people.warnings.size() == 1);
                CHECK_MESSAGE(
                    contains(people.warnings[0], {(people / folder).string() + denied, "left out"}),
                    people.warnings[0]);
            }
            for (const char* folder : {"frames", "keypoints"}) {
                CAPTURE(folder);
                fs::permissions(people / folder, closed);
                std::string error;
                {
                    const Unprivileged nobody;
                    error = error_of([&] { people.lists("{group}_{class}_{}"); });
                }
                fs::permissions(people / folder, fs::perms::all);
                CHECK_MESSAGE(error.starts_with((people / folder).string() + denied + " | ls -ld "),
                              error);
            }
        }
    }

    TEST_CASE("keypoints that may not be read are not said to be missing") {
        const People people;
        if (!open_to_all(people.path())) return;
        const auto permit = [&](fs::perms rights) {
            for (const auto& clip : fs::directory_iterator(people / "keypoints"))
                fs::permissions(clip.path(), rights);
        };
        permit(fs::perms::none);
        {
            const Unprivileged nobody;
            CHECK(contains(error_of([&] { people.lists("{group}_{class}_{}"); }),
                           {"keypoints/P1_nod_1 cannot be read: Permission denied"}));
        }
        permit(fs::perms::all);  // to be removed
    }

    TEST_CASE("two clips that share their keypoints are told") {
        const People people;
        fs::remove_all(people / "keypoints/P2_nod_1");
        fs::create_directory_symlink("P1_nod_1", people / "keypoints/P2_nod_1");
        CHECK(people.lists("{group}_{class}_{}").clips.size() == 6);
        REQUIRE(people.warnings.size() == 1);
        const std::string keypoints = (people / "keypoints").string();
        CHECK_MESSAGE(contains(people.warnings[0],
                               {keypoints + "/P1_nod_1 and " + keypoints +
                                "/P2_nod_1 are the same folder: one of the two clips has the"}),
                      people.warnings[0]);
    }

    TEST_CASE("keypoint files hide the clips below them as frames do") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3", "walk/3/old"})
            clips.keypoints(clip, 2);
        write(clips / "keypoints/walk/3/annotations.json", "");
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

    TEST_CASE("numbers that begin elsewhere are no gap, and the message says what is there") {
        struct Case {
            std::vector<std::string> files, message;
        };
        const Case cases[] = {
            {{"IMG_1234.jpg", "IMG_1235.jpg", "IMG_1236.jpg"},
             {"holds IMG_1234.jpg to IMG_1236.jpg, but frames count from 0 or 1", "img_00001.jpg"}},
            {{"IMG_1234.jpg"}, {"holds IMG_1234.jpg, but"}},
            {{"img_00002.jpg", "img_00003.jpg"}, {"holds img_00002.jpg to img_00003.jpg, but"}},
            {{"8.png", "9.png", "10.png"}, {"holds 8.png to 10.png, but"}},
            {{"img_00001.jpg", "img_00004.jpg"},
             {"has a gap in its numbers, img_00002.jpg is missing, and the last is img_00004.jpg"}},
            {{"00.png", "02.png"}, {"gap in its numbers, 01.png is missing", "last is 02.png"}},
            {{"a_1.jpg", "a_2.jpg", "b_1.jpg", "b_2.jpg"},
             {"several names: 2 of a_{}.jpg, 2 of b_{}.jpg: left out; leave those of one name "
              "there, and move the others away; if all clips are like this one, choose one: "
              "--frame-template 'a_{}.jpg', which leaves out the clips that have other names"}},
            {{"walk.mp4", ".hidden"}, {"holds no frames (img_00001.jpg", "), but walk.mp4: left"}},
            {{}, {"holds no frames (img_00001.jpg, 00001.png, ...): left out"}},
        };
        for (const Case& c : cases) {
            const Clips clips;
            for (const char* clip : {"walk/1", "walk/2", "walk/3"}) clips.frames(clip, 2);
            fs::create_directories(clips / "frames/walk/4");
            for (const std::string& file : c.files) write(clips / ("frames/walk/4/" + file), "");
            CHECK(clips.lists("{class}/{}").clips.size() == 3);
            REQUIRE(clips.warnings.size() == 1);
            CAPTURE(clips.warnings[0]);
            CHECK(clips.warnings[0].starts_with((clips / "frames/walk/4 ").string()));
            CHECK(contains(clips.warnings[0], c.message));
        }
    }

    TEST_CASE("frames that a template does not fit are told under its name") {
        const Clips clips;
        clips.frames("walk/4", 2);
        for (const char* clip : {"walk/1", "walk/2", "walk/3"})
            write(clips / "frames" / clip / "img_00001.png", "");
        const FrameNames names = parse_frame_template("img_{:05}.png");
        CHECK(clips.lists("{class}/{}", {}, false, names).clips.size() == 3);
        REQUIRE(clips.warnings.size() == 1);
        CHECK(contains(clips.warnings[0],
                       {"holds no frames called img_{:05}.png, but img_00001.jpg: left out"}));
    }

    TEST_CASE("keypoint files that are no clip are told as such") {
        const Clips clips;
        for (const char* clip : {"walk/1", "walk/2", "walk/3"}) clips.keypoints(clip, 2);
        for (const char* file :
             {"4/a_1_keypoints.json", "4/a_2_keypoints.json", "4/b_01_keypoints.json",
              "4/b_02_keypoints.json", "5/img_00001_keypoints.json", "5/img_00004_keypoints.json"})
            write(clips / "keypoints/walk" / file, "");
        CHECK(clips.lists("{class}/{}").clips.size() == 3);
        REQUIRE(clips.warnings.size() == 2);
        CHECK_MESSAGE(contains(clips.warnings[0],
                               {"walk/4 holds keypoint files under several names: 2 of "
                                "a_{}_keypoints.json, 2 of b_{:02}_keypoints.json: left out"}),
                      clips.warnings[0]);
        CHECK_FALSE(contains(clips.warnings[0], {"--frame-template"}));
        CHECK(contains(clips.warnings[1], {"walk/5 has a gap in its numbers, frame 2 has no "
                                           "keypoint file, and the last is that of frame 4"}));
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
}
