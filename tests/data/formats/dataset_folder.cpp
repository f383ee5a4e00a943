#include "data/formats/dataset_folder.h"

#include "tests/data/formats/unlisted_clips.h"
#include "tests/unprivileged.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

namespace {

std::string error(const fs::path& dataset) {
    return error_of([&] {
        make_folder_lists(dataset, NamePattern("{class}/{}", "--names"), {}, false, {},
                          [](const std::string&) {});
    });
}

}  // namespace

TEST_SUITE("data/formats/dataset_folder") {
    TEST_CASE("a folder that is no dataset is refused by what it is") {
        const Clips clips;
        CHECK(contains(error(clips / "no"), {"no: there is no such folder", "holds frames/"}));
        write(clips / "file", "");
        CHECK(contains(error(clips / "file"), {"file is a file, not a folder", "holds frames/"}));
        write(clips / "a/frames", "");
        CHECK(contains(error(clips / "a"), {"a/frames is a file, not a folder | move it away"}));
        write(clips / "b/frames/walk/1/img_00001.jpg", "");
        write(clips / "b/keypoints", "");
        CHECK(contains(error(clips / "b"), {"b/keypoints is a file, not a folder"}));
        write(clips / "c/keypoints/walk/1/img_00001_keypoints.json", "");
        fs::create_directory_symlink("nowhere", clips / "c/frames");
        CHECK(contains(error(clips / "c"), {"c/frames is a link that leads nowhere"}));
        write(clips / "e/walk.mp4", "");
        CHECK(contains(error(clips / "e"), {"neither", "| data/extract_frames VIDEOS"}));
        write(clips / "f/photo.jpg", "");
        CHECK(contains(error(clips / "f"), {"neither", "| data/extract_frames VIDEOS"}));
    }

    TEST_CASE("a folder of clips is to be renamed, and folders of classes are to be moved") {
        struct Case {
            std::vector<const char*> images;
            std::string from, to;  // the hint, and what of it was followed; below the dataset
        };
        const Case cases[] = {
            {{"Frames/walk/1/img_00001.jpg", "Frames/bow/1/img_00001.jpg"}, "Frames", "frames"},
            {{"mine/walk/1/img_00001.jpg", ".thumbs/bow/1/img_00001.jpg"}, "mine", "frames"},
            {{"mine/walk/1/img_00001.jpg", "plots/notes.txt", "b.jpg"}, "mine", "frames"},
            {{"FRAMES/walk/1/img_00001.jpg", "thumbs/bow/1/img_00001.jpg"}, "FRAMES", "frames"},
            {{"bow/1/img_00001.jpg", "walk/1/img_00001.jpg"}, "bow", "frames/bow"},
            {{"P1_walk/img_00001.jpg"}, "P1_walk", "frames/P1_walk"},
            {{"P1_bow/img_00001.jpg", "P1_walk/img_00001.jpg"}, "P1_bow", "frames/P1_bow"},
        };
        for (const Case& c : cases) {
            CAPTURE(c.from);
            const Clips clips;
            for (const char* image : c.images) write(clips / image, "");
            const std::string from = (clips / c.from).string(), to = (clips / c.to).string();
            const std::string message = error(clips.path());
            CHECK_MESSAGE(
                contains(message,
                         {"has neither frames/ nor keypoints/ | ",
                          c.to == "frames" ? "| rename " + from + " to " + to
                                           : "| make the folder " + (clips / "frames").string() +
                                                 " and move the folders of the frames "
                                                 "into it: " +
                                                 from + " becomes " + to + "; ",
                          "data/extract_frames VIDEOS"}),
                message);
        }
    }

    TEST_CASE("a folder of clips may also be the first class of more to come") {
        const Clips clips;
        write(clips / "walk/P1_1/1.jpg", "");
        const std::string message = error(clips.path());
        CHECK_MESSAGE(contains(message, {"rename " + (clips / "walk").string() + " to ",
                                         "if its name says nothing of the clips; otherwise make",
                                         "becomes " + (clips / "frames/walk").string()}),
                      message);
        write(clips / "Frames/walk/P1_1/1.jpg", "");
        CHECK(!contains(error(clips.path()), {"otherwise"}));
    }

    TEST_CASE("the current folder is known to be the frames of a dataset") {
        const People people;
        const fs::path before = fs::current_path();
        for (const char* part : {"frames", "keypoints"}) {
            fs::current_path(people / part);
            const std::string message = error(".");
            fs::current_path(before);
            CHECK(contains(
                message,
                {std::string("DATASET . is the ") + part + "/ of a dataset, not the",
                 "| name the folder that it lies in: " + fs::canonical(people.path()).string()}));
        }
    }

    TEST_CASE("what may not be read is not said to be missing") {
        const Clips clips;
        write(clips / "a/data/frames/walk/1/img_00001.jpg", "");
        fs::create_directory_symlink("../a/data/frames", clips / "link");
        write(clips / "b/x", "");
        fs::create_directory_symlink("../a/data/frames", clips / "b/frames");
        if (!open_to_all(clips.path())) return;
        const auto none = fs::perms::none;
        struct Case {
            const char *closed, *dataset, *told;
        };
        for (const Case& c : {Case{"a", "a/data", "a/data"},
                              {"a/data", "a/data", "a/data/frames"},
                              {"a", "b", "b/frames"},
                              {"a/data/frames", "a/data", "a/data/frames"}}) {
            CAPTURE(c.closed);
            fs::permissions(clips / c.closed, none);
            std::string message;
            {
                const Unprivileged nobody;
                message = error(clips / c.dataset);
            }
            fs::permissions(clips / c.closed, fs::perms::all);
            CHECK_MESSAGE(contains(message, {(clips / c.told).string() +
                                             " cannot be read: Permission denied"}),
                          message);
        }
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
