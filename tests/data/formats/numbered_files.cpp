#include "data/formats/numbered_files.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

TEST_SUITE("data/formats/numbered_files") {
    TEST_CASE("the frames of a folder that is a clip as a whole") {
        const TemporaryFolder folder;
        const auto count = [&] { return count_all_frames(folder.path(), FrameNames()); };
        CHECK(
            contains(error_of(count), {folder.path().string() + " holds no frames", "img_00001"}));
        for (const char* frame : {"img_00001.jpg", "img_00002.jpg", "img_00003.jpg"})
            write(folder / frame, "x");
        for (const char* none : {"img_5.jpg", "img_00005.jpeg", "img_000005.jpg", "img_00000.jpg"})
            write(folder / none, "x");
        CHECK(count() == 3);
        write(folder / "img_00006.jpg", "x");
        CHECK(contains(error_of(count), {(folder / "img_00004.jpg").string() + " is missing",
                                         "goes on to img_00006.jpg"}));
        std::filesystem::remove(folder / "img_00001.jpg");
        CHECK(contains(error_of(count), {"img_00001.jpg is missing"}));
    }

    TEST_CASE("keypoint files under either name, those of a video counted from 0") {
        const TemporaryFolder folder;
        const ClipFiles clip{
            .name = "a", .frames = folder / "frames/a", .keypoints = folder / "keypoints/b"};
        const auto count = [&] { return count_all_keypoints(clip); };
        CHECK(contains(error_of(count), {clip.keypoints.string() + " holds no keypoints",
                                         "a_000000000000_keypoints.json"}));
        for (const char* file : {"img_00001_keypoints.json", "a_000000000001_keypoints.json",
                                 "img_00002_keypoints.json", "b_000000000008_keypoints.json"})
            write(clip.keypoints / file, "x");
        CHECK(count() == 2);
        write(clip.keypoints / "a_000000000003_keypoints.json", "x");
        CHECK(contains(error_of(count), {(clip.keypoints / "img_00003_keypoints.json").string() +
                                             " (or a_000000000002_keypoints.json) is missing",
                                         "goes on to img_00004_keypoints.json"}));
    }
}

}  // namespace mdn::test
