#include "data/formats/frame_names.h"

#include "data/dataset.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// A folder of a clip of three frames with these names, and keypoints named after them.
struct FramesFolder : TemporaryFolder {
    explicit FramesFolder(const std::vector<std::string>& names) {
        for (const std::string& name : names) add(name);
    }
    void add(const std::string& name) const {
        write(*this / ("frames/c/" + name), "x");
        const std::string stem = std::filesystem::path(name).stem().string();
        write(*this / ("keypoints/c/" + stem + "_keypoints.json"), "x");
    }
    std::optional<FrameNames> names(const std::optional<FrameNames>& given = {}) const {
        return find_frame_names(*this / "frames/c", given);
    }
    /// The clip as a list with or without its length has it.
    ClipFiles clip(std::int64_t count, const DatasetOptions& options = {},
                   ClipNeeds needs = {}) const {
        ListedClip listed;
        listed.files = {.name = "c",
                        .frames = *this / "frames/c",
                        .keypoints = *this / "keypoints/c",
                        .count = count};
        listed.where = "list:1";
        complete_clip(listed, needs, options);
        return listed.files;
    }
};

}  // namespace

TEST_SUITE("data/formats/frame_names") {
    TEST_CASE("names as people have them are found, with the number of the first frame") {
        struct Case {
            std::vector<std::string> files;
            std::string text;
            std::int64_t first;
        };
        const Case cases[] = {
            {{"img_00001.jpg", "img_00002.jpg", "img_00003.jpg"}, "img_{:05}.jpg", 1},
            {{"img_00000.jpg", "img_00001.jpg", "img_00002.jpg"}, "img_{:05}.jpg", 0},
            {{"img_00001.png", "img_00002.png", "img_00003.png"}, "img_{:05}.png", 1},
            {{"00001.jpg", "00002.jpg", "00003.jpg"}, "{:05}.jpg", 1},
            {{"frame_000000.JPG", "frame_000001.JPG", "frame_000002.JPG"}, "frame_{:06}.JPG", 0},
            {{"0001.jpeg", "0002.jpeg", "0003.jpeg"}, "{:04}.jpeg", 1},
            {{"f-1.png", "f-2.png", "f-3.png"}, "f-{}.png", 1},
            {{"img_1.jpg", "img_2.jpg", "img_3.jpg"}, "img_{}.jpg", 1},
            {{"take2_0001_rgb.png", "take2_0002_rgb.png", "take2_0003_rgb.png"},
             "take2_{:04}_rgb.png",
             1},
        };
        for (const Case& c : cases) {
            CAPTURE(c.text);
            const FramesFolder folder(c.files);
            const auto names = folder.names();
            REQUIRE(names);
            CHECK(names->text() == c.text);
            CHECK(names->first == c.first);
            for (const std::int64_t count : {0, 3}) {
                const ClipFiles clip = folder.clip(count);
                CHECK(clip.count == 3);
                for (std::int64_t t = 0; t < 3; ++t) {
                    CHECK(clip.frame(t) == folder / ("frames/c/" + c.files[t]));
                    CHECK(clip.keypoint(t).filename().string().starts_with(
                        clip.frame(t).stem().string() + "_keypoints"));
                }
            }
            // A template finds the same, whatever lies beside them.
            folder.add("other_7.png");
            CHECK(*folder.names(parse_frame_template(c.text)) == *names);
        }
    }

    TEST_CASE("numbers without padding go past 9, padded ones past their width") {
        std::vector<std::string> files;
        for (int i = 1; i <= 12; ++i) files.push_back(std::to_string(i) + ".jpg");
        CHECK(FramesFolder(files).names()->text() == "{}.jpg");
        CHECK(FramesFolder(files).clip(0).count == 12);
        const FramesFolder wide({"99998.jpg", "99999.jpg", "100000.jpg", "00001.jpg"});
        CHECK(wide.names()->text() == "{:05}.jpg");
        CHECK(wide.names()->at(99999) == "100000.jpg");
    }

    TEST_CASE("several names are an error that lists them; flow and other images are none") {
        const FramesFolder folder({"a_1.jpg", "a_2.jpg", "b_1.png", "b_2.png", "b_3.png"});
        CHECK(contains(error_of([&] { folder.names(); }),
                       {"frames/c", "2 of a_{}.jpg", "3 of b_{}.png", "--frame-template"}));
        CHECK(folder.names(parse_frame_template("a_{}.jpg"))->text() == "a_{}.jpg");
        CHECK(contains(error_of([&] { folder.clip(2); }), {"list:1: ", "several names"}));
        const FramesFolder flow({"flow_x_00001.jpg", "flow_y_00001.jpg", "0001.jpg", "cover.png"});
        CHECK(flow.names()->text() == "{:04}.jpg");
        const FramesFolder beside(
            {"0001.jpg", "0002.jpg", "._0001.jpg", "._0002.jpg", "thumb2.png"});
        CHECK(beside.names()->text() == "{:04}.jpg");
        const FramesFolder sized({"img_00001_x480.png", "img_00002_x480.png"});
        CHECK(sized.names()->text() == "img_{:05}_x480.png");
        CHECK(FramesFolder({"0001.png"}).names()->text() == "{:04}.png");
        const FramesFolder none({"cover.png"});
        CHECK_FALSE(none.names());
        CHECK(contains(error_of([&] { none.clip(0); }), {"holds no frames", "--frame-template"}));
    }

    TEST_CASE("a number missing at the beginning or in the middle is an error") {
        CHECK(contains(error_of([] {
                           FramesFolder({"00002.png", "00003.png"}).clip(0);
                       }),
                       {"00001.png is missing", "00003.png"}));
        CHECK(contains(error_of([] {
                           FramesFolder({"0.png", "2.png"}).clip(0);
                       }),
                       {"1.png is missing", "2.png"}));
        CHECK(contains(error_of([] {
                           FramesFolder({"00000.png", "00001.png"}).clip(3);
                       }),
                       {"lists 3 frames", "has 2", "00002.png is missing"}));
    }

    TEST_CASE("templates of MMAction2 and ffmpeg; anything else is refused") {
        CHECK(parse_frame_template("img_{:05}.jpg") == FrameNames());
        CHECK(parse_frame_template("img_{:05d}.jpg") == FrameNames());
        CHECK(parse_frame_template("img_%05d.jpg") == FrameNames());
        CHECK(parse_frame_template("{}.png").at(6) == "7.png");
        CHECK(parse_frame_template("%d.png").at(6) == "7.png");
        for (const char* text :
             {"", "img.jpg", "img_{:5}.jpg", "img_{:05.jpg", "img_{:x}.jpg", "{:03}_{:05}.jpg",
              "a/{}.jpg", "img_%05x.jpg", "img_{:099}.jpg", "take2{}.jpg", "%05d%05d.jpg"}) {
            CAPTURE(text);
            CHECK(contains(error_of([&] { parse_frame_template(text); }),
                           {"--frame-template '" + std::string(text) + "'", "img_{:05}.jpg"}));
        }
    }

    TEST_CASE("keypoints are never taken for those of another frame") {
        // Frames from 1, keypoints of images from 0: nothing says which is which.
        FramesFolder folder({"img_00001.jpg", "img_00002.jpg", "img_00003.jpg"});
        write(folder / "keypoints/c/img_00000_keypoints.json", "x");
        CHECK(contains(error_of([&] { folder.clip(3); }),
                       {"count from 1 (img_00001.jpg)", "from 0", "img_00000_keypoints.json"}));
        FramesFolder plain({"00001.jpg", "00002.jpg"});
        std::filesystem::remove_all(plain / "keypoints/c");
        for (const char* name : {"img_00000_keypoints.json", "img_00001_keypoints.json"})
            write(plain / ("keypoints/c/" + std::string(name)), "x");
        CHECK(contains(error_of([&] { plain.clip(2); }), {"from 1 (00001.jpg)", "from 0"}));
        // The other way round, also where both have the clip's own first frame.
        FramesFolder zero({"img_00000.jpg", "img_00001.jpg", "img_00002.jpg", "img_00003.jpg"});
        std::filesystem::remove(zero / "keypoints/c/img_00000_keypoints.json");
        CHECK(contains(error_of([&] { zero.clip(4); }),
                       {"from 0 (img_00000.jpg)", "from 1", "img_00001_keypoints.json"}));
        // Frames from 0: OpenPose's names for videos count from 0 too.
        FramesFolder video({"img_00000.jpg", "img_00001.jpg"});
        std::filesystem::remove_all(video / "keypoints/c");
        for (const char* name : {"c_000000000000_keypoints.json", "c_000000000001_keypoints.json"})
            write(video / ("keypoints/c/" + std::string(name)), "x");
        CHECK(video.clip(0).keypoint(1) == video / "keypoints/c/c_000000000001_keypoints.json");
        // Images and keypoints under different names, both from 1.
        FramesFolder other({"00001.png", "00002.png"});
        std::filesystem::remove_all(other / "keypoints/c");
        for (const char* name : {"img_00001_keypoints.json", "img_00002_keypoints.json"})
            write(other / ("keypoints/c/" + std::string(name)), "x");
        CHECK(other.clip(2).keypoint(1) == other / "keypoints/c/img_00002_keypoints.json");
        // The same beside frames from 0 would be one frame off.
        FramesFolder shifted({"00000.png", "00001.png"});
        std::filesystem::remove_all(shifted / "keypoints/c");
        for (const char* name : {"img_00001_keypoints.json", "img_00002_keypoints.json"})
            write(shifted / ("keypoints/c/" + std::string(name)), "x");
        CHECK(contains(error_of([&] { shifted.clip(2); }), {"no keypoints for frame"}));
        // Frames that are not needed tell all the same.
        const FramesFolder both({"00000.png", "00001.png"});
        CHECK(both.clip(2, {}, {.frames = false}).keypoint(0) ==
              both / "keypoints/c/00000_keypoints.json");
    }

    TEST_CASE("without frames the keypoints' names tell") {
        const FramesFolder folder({"0001.png", "0002.png", "0003.png"});
        const ClipNeeds pose{.frames = false, .keypoints = true, .label = false};
        CHECK(folder.clip(0, {}, pose).count == 3);
        CHECK(folder.clip(3, {}, pose).keypoint(2) == folder / "keypoints/c/0003_keypoints.json");
    }

    TEST_CASE("keypoints may end one or two frames early, and only at the end") {
        std::vector<std::string> files;
        for (int i = 1; i <= 8; ++i) files.push_back(std::to_string(i) + ".png");
        FramesFolder folder(files);
        const auto remove = [&](const char* number) {
            std::filesystem::remove(folder /
                                    ("keypoints/c/" + std::string(number) + "_keypoints.json"));
        };
        CHECK(folder.clip(8).without_keypoints == 0);
        remove("8");
        CHECK(folder.clip(8).without_keypoints == 1);
        CHECK(folder.clip(0).without_keypoints == 1);
        remove("7");
        const ClipFiles clip = folder.clip(8);
        CHECK(clip.without_keypoints == 2);
        CHECK(clip.part(0, 6).without_keypoints == 0);
        CHECK(clip.part(5, 2).without_keypoints == 1);
        CHECK(clip.part(7, 1).without_keypoints == 1);
        remove("6");
        CHECK(contains(error_of([&] { folder.clip(8); }), {"list:1", "no keypoints for frame 8"}));
        // Of a short clip it would be too large a part.
        FramesFolder few({"1.png", "2.png", "3.png"});
        std::filesystem::remove(few / "keypoints/c/3_keypoints.json");
        CHECK(contains(error_of([&] { few.clip(3); }), {"no keypoints for frame 3"}));
        // A clip of the first four frames: what is missing there is a hole.
        FramesFolder recording({"1.png", "2.png", "3.png", "4.png", "5.png"});
        std::filesystem::remove(recording / "keypoints/c/4_keypoints.json");
        CHECK(contains(error_of([&] { recording.clip(4); }), {"no keypoints for frame 4"}));
    }
}

}  // namespace mdn::test
