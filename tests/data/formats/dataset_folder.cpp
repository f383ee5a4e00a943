#include "data/formats/dataset_folder.h"

#include "tests/data/formats/unlisted_clips.h"

using namespace mdn;
using namespace mdn::test;

namespace fs = std::filesystem;

TEST_SUITE("data/formats/dataset_folder") {
    TEST_CASE("a folder that is no dataset is refused by what it is") {
        const Clips clips;
        const auto error = [](const fs::path& dataset) {
            return error_of([&] {
                make_folder_lists(dataset, NamePattern("{class}/{}", "--names"), {}, false, {},
                                  [](const std::string&) {});
            });
        };
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
        // Only folders of images are worth moving.
        write(clips / "d/walk/1/img_00001.jpg", "");
        CHECK(contains(
            error(clips / "d"),
            {"d has neither frames/ nor keypoints/", "move them into",
             (clips / "d/walk").string() + " becomes " + (clips / "d/frames/walk").string(),
             "data/extract_frames VIDEOS"}));
        write(clips / "e/walk.mp4", "");
        CHECK(contains(error(clips / "e"), {"neither", "| data/extract_frames VIDEOS"}));
        write(clips / "f/photo.jpg", "");
        CHECK(contains(error(clips / "f"), {"neither", "| data/extract_frames VIDEOS"}));
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
