#include "data/keypoints/formats/image_names.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

TEST_SUITE("data/keypoints/formats/image_names") {
    TEST_CASE("a name tells the clip and the frame") {
        const auto check = [](const char* name, const char* clip, std::int64_t number) {
            CAPTURE(name);
            const auto parsed = parse_image_name(name);
            REQUIRE(parsed);
            CHECK(parsed->clip == clip);
            CHECK(parsed->number == number);
        };
        check("000012.jpg", "", 12);
        check("0.jpg", "", 0);
        check("img_00012.jpg", "", 12);
        check("clip0/img_00012_keypoints.json", "clip0", 12);
        check("walk/003/frame-7.PNG", "walk/003", 7);
        check("P01_walk_003_00012.jpg", "P01_walk_003", 12);
        check("walk/P01_000000000012_keypoints.json", "walk/P01", 12);
        check("P01/P01_12.txt", "P01", 12);
        check("/home/me/frames/clip7/00001.jpg", "clip7", 1);
        check("C:\\data\\clip7\\00001.jpg", "clip7", 1);
        check("./clip7/1.jpg", "clip7", 1);
        check("v1.2_3.jpg", "v1.2", 3);
        check("397133", "", 397133);
        for (const char* name :
             {"", "photo.jpg", "img_.jpg", "12a.jpg", "99999999999999999999.jpg"}) {
            CAPTURE(name);
            CHECK_FALSE(parse_image_name(name));
        }
    }

    TEST_CASE("the names that OpenPose wrote before version 1.0") {
        const auto name = parse_image_name("walk_000000000012_pose.json");
        REQUIRE(name);
        CHECK(name->clip == "walk");
        CHECK(name->number == 12);
        CHECK_FALSE(parse_image_name("P01_pose.json"));
    }

    TEST_CASE("pictures become clips in the order of their numbers") {
        ImageFrames frames("lone");
        frames.at("b/2.jpg", "f").people.resize(2);
        frames.at("b/10.jpg", "f");
        frames.at("b/1.jpg", "f").people.resize(1);
        frames.at("b/2.jpg", "f").people.resize(3);
        frames.at("7.jpg", "f");
        CHECK(contains(error_of([&] { frames.at("b/02.jpg", "f.json"); }),
                       {"f.json", "'b/2.jpg'", "'b/02.jpg'", "frame 2"}));
        CHECK(contains(error_of([&] { frames.at("photo.jpg", "f.json"); }),
                       {"f.json", "'photo.jpg'", "number"}));
        CHECK(
            contains(error_of([&] { frames.at("../x/1.jpg", "f.json"); }), {"f.json", "outside"}));
        const auto clips = frames.take();
        REQUIRE(clips.size() == 2);
        CHECK(clips[0].name == "b");
        REQUIRE(clips[0].frames.size() == 3);
        CHECK(clips[0].frames[0].number == 1);
        CHECK(clips[0].frames[1].people.size() == 3);
        CHECK(clips[0].frames[2].number == 10);
        CHECK(clips[1].name == "lone");
    }

    TEST_CASE("files that are called after what they hold name no clip") {
        CHECK(clip_name_of("/a/walk.json") == "walk");
        CHECK(clip_name_of("/a/walk/alphapose-results.json") == "walk");
        CHECK(clip_name_of("/a/walk/labels/") == "walk");
        CHECK(clip_name_of("/a/v1.2") == "v1.2");
        CHECK(clip_name_of("/results.json") == "clip");
    }
}

}  // namespace mdn::test
