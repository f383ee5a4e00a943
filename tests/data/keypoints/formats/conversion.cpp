#include "data/keypoints/formats/conversion.h"

#include <cmath>

#include "data/file.h"
#include "data/formats/frame_names.h"
#include "data/keypoints/keypoint_scale.h"
#include "data/keypoints/openpose.h"
#include "tests/data/keypoints/formats/source_files.h"

namespace mdn::test {

namespace {

const Skeleton& coco17() { return skeleton_named("coco17"); }

/// AlphaPose's list with one person in each of the pictures named, who tells its number by `base`.
std::string people_in(const std::vector<std::string>& pictures) {
    std::string text;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const ListedJoints joints{coco17(), 1 + static_cast<double>(i)};
        text.append(i ? "," : "[").append(R"({"image_id":")").append(pictures[i]);
        text.append(R"(","category_id":1,"keypoints":[)").append(joints.flat());
        text.append(R"(],"score":1,"idx":1})");
    }
    return text + "]";
}

struct Converted {
    ConversionPlan plan;
    std::vector<std::vector<Pose>> frames;  // of the first clip
};

Converted convert(const std::filesystem::path& source, const std::filesystem::path& dataset,
                  ConversionOptions options = {}) {
    options.dataset = dataset;
    PersonBuilder builder(nullptr);
    OpenedSource opened = open_keypoint_source({.source = source, .clip = ""}, builder);
    Converted result{plan_conversion(*opened.source, options, nullptr), {}};
    write_conversion(*opened.source, options, result.plan, nullptr);
    const auto folder = dataset / "keypoints" / result.plan.clips.at(0).name;
    // Files are named after the frames, where there are any.
    const FrameNames names = find_frame_names_of_keypoints(folder).value_or(FrameNames());
    for (std::int64_t t = 0; t < result.plan.clips[0].length; ++t)
        result.frames.push_back(read_openpose(folder / (names.stem_at(t) + "_keypoints.json")));
    return result;
}

/// The frames, from 1, that show somebody, and whose `base` that is.
std::vector<std::pair<int, int>> shown(const Converted& converted) {
    std::vector<std::pair<int, int>> result;
    for (std::size_t t = 0; t < converted.frames.size(); ++t)
        for (const Pose& pose : converted.frames[t])
            result.emplace_back(static_cast<int>(t) + 1, static_cast<int>(pose[nose].x));
    return result;
}

using Shown = std::vector<std::pair<int, int>>;

void write_frames(const std::filesystem::path& folder, const std::string& prefix, int first,
                  int count) {
    for (int i = first; i < first + count; ++i)
        write_image(folder / (prefix + std::to_string(i) + ".jpg"), random_image(20, 10, 1));
}

}  // namespace

TEST_SUITE("data/keypoints/formats/conversion") {
    TEST_CASE("written people are read as they were") {
        TemporaryFolder folder;
        Pose first = standing_figure(100.123456, 50, 200), second = standing_figure(3e5, 60, 180);
        first[left_wrist] = {7, 8, 0};
        second[neck] = {std::nan(""), 1, 0.5};
        second[nose].confidence = 1.00002;
        write(folder / "f.json", keypoint_file_text({first, second}));
        const auto people = read_openpose(folder / "f.json");
        REQUIRE(people.size() == 2);
        CHECK(people[0][nose].x == doctest::Approx(100.123456).epsilon(1e-7));
        CHECK_FALSE(people[0][left_wrist].valid());
        CHECK_FALSE(people[1][neck].valid());
        CHECK(people[1][nose].confidence == doctest::Approx(1.00002));
        write(folder / "f.json", keypoint_file_text({}));
        CHECK(read_openpose(folder / "f.json").empty());
    }

    TEST_CASE("which frame a picture is: from 0 where that occurs, else from 1") {
        TemporaryFolder folder;
        write(folder / "walk.json", people_in({"f_0.jpg", "f_3.jpg"}));
        CHECK(shown(convert(folder / "walk.json", folder / "a")) == Shown{{1, 1}, {4, 2}});
        write(folder / "walk.json", people_in({"f_1.jpg", "f_3.jpg"}));
        const Converted one = convert(folder / "walk.json", folder / "b");
        CHECK(shown(one) == Shown{{1, 1}, {3, 2}});
        CHECK(contains(one.plan.numbering, {"1, which nothing proves", "--first-frame 0"}));
        // AlphaPose calls the frames of a video 0.jpg, 1.jpg, …: nobody was in the first.
        write(folder / "walk.json", people_in({"1.jpg", "3.jpg"}));
        const Converted video = convert(folder / "walk.json", folder / "c");
        CHECK(shown(video) == Shown{{2, 1}, {4, 2}});
        CHECK(contains(video.plan.numbering, {"0, as in this program's results for videos"}));
        bool warned = false;
        for (const std::string& warning : video.plan.warnings)
            warned |= contains(warning, {"first frame is a guess"});
        CHECK(warned);
        CHECK(shown(convert(folder / "walk.json", folder / "d",
                            {.dataset = {}, .first_frame = 1})) == Shown{{1, 1}, {3, 2}});
        CHECK(shown(convert(folder / "walk.json", folder / "e",
                            {.dataset = {}, .first_frame = {}, .lowest_first = true})) ==
              Shown{{1, 1}, {3, 2}});
        CHECK(contains(error_of([&] {
                           convert(folder / "walk.json", folder / "f",
                                   {.dataset = {}, .first_frame = 2});
                       }),
                       {"'walk'", "frame 1", "--first-frame 1"}));
    }

    TEST_CASE("the dataset's frames tell the numbering and the length") {
        TemporaryFolder folder;
        write(folder / "walk.json", people_in({"f_2.jpg", "f_3.jpg"}));
        write_frames(folder / "a/frames/walk", "f_", 0, 6);
        const Converted same = convert(folder / "walk.json", folder / "a");
        CHECK(shown(same) == Shown{{3, 1}, {4, 2}});
        CHECK(same.frames.size() == 6);
        CHECK(is_file(folder / "a/keypoints/walk/f_0_keypoints.json"));
        // Other pictures beside them tell nothing.
        write_frames(folder / "a2/frames/walk", "img_0000", 1, 6);
        write_frames(folder / "a2/frames/walk", "flow_x_", 0, 6);
        write_frames(folder / "a2/frames/walk", "thumb_", 0, 1);
        write(folder / "walk.json", people_in({"img_00001.jpg", "img_00003.jpg"}));
        const Converted among = convert(folder / "walk.json", folder / "a2");
        CHECK(shown(among) == Shown{{1, 1}, {3, 2}});
        CHECK(among.frames.size() == 6);
        // Other names, and the last number is the number of frames: they count from 1.
        write(folder / "walk.json", people_in({"2.jpg", "6.jpg"}));
        write_frames(folder / "b/frames/walk", "img_", 1, 6);
        CHECK(shown(convert(folder / "walk.json", folder / "b")) == Shown{{2, 1}, {6, 2}});
        write(folder / "walk.json", people_in({"2.jpg", "7.jpg"}));
        write_frames(folder / "c/frames/walk", "img_", 1, 6);
        CHECK(contains(error_of([&] { convert(folder / "walk.json", folder / "c"); }),
                       {"'walk'", "number 7", "6 frames", "--first-frame"}));
    }

    TEST_CASE("numbers that are no frames' are refused") {
        TemporaryFolder folder;
        write(folder / "walk.json", people_in({"12.jpg", "397133.jpg"}));
        CHECK(contains(error_of([&] { convert(folder / "walk.json", folder / "a"); }),
                       {"'walk'", "397133", "'397133.jpg'", "frames of a video"}));
        write(folder / "v/101.json", R"({"people":[]})");
        CHECK(contains(error_of([&] { convert(folder / "v", folder / "a"); }),
                       {"'v'", "101", "--first-frame lowest"}));
    }

    TEST_CASE("shares of the picture become pixels of the frames, other sizes are scaled") {
        TemporaryFolder folder;
        std::string line = "0 0.5 0.5 0.1 0.1";
        for (int i = 1; i <= 17; ++i)
            line.append(" ").append(std::to_string(i / 20.0)).append(" 0.25 0.9");
        write(folder / "labels/walk_1.txt", line);
        const Converted unit = convert(folder / "labels", folder / "a");
        CHECK(unit.frames.at(0).at(0)[nose].x == doctest::Approx(0.05));
        CHECK(detect_scale(unit.frames) == KeypointScale::unit);
        CHECK(contains(unit.plan.scale, {"divided by width and height"}));
        write_frames(folder / "b/frames/walk", "img_", 1, 2);  // 20x10
        const Converted pixels = convert(folder / "labels", folder / "b");
        CHECK(pixels.frames.size() == 2);
        CHECK(pixels.frames[0].at(0)[nose].x == doctest::Approx(1));
        CHECK(pixels.frames[0][0][nose].y == doctest::Approx(2.5));

        const ListedJoints joints{coco17(), 40};
        write(folder / "walk.json", R"([{"people":[{"keypoints":[)" + joints.flat() +
                                        R"(]}],"canvas_width":400,"canvas_height":100}])");
        write_frames(folder / "c/frames/walk", "img_", 1, 1);
        const Converted scaled = convert(folder / "walk.json", folder / "c");
        CHECK(scaled.frames.at(0).at(0)[nose].x == doctest::Approx(2));
        CHECK(scaled.frames[0][0][nose].y == doctest::Approx(4.3));
        CHECK(contains(scaled.plan.scale, {"pixels", "found in pictures of 400x100"}));
        REQUIRE(scaled.plan.warnings.size() == 1);
        CHECK(contains(scaled.plan.warnings[0], {"walk (400x100, 20x10)", "another shape"}));
    }

    TEST_CASE("clips are replaced only when asked, and never with other things in them") {
        TemporaryFolder folder;
        write(folder / "walk.json", people_in({"0.jpg"}));
        convert(folder / "walk.json", folder / "a");
        CHECK(contains(error_of([&] { convert(folder / "walk.json", folder / "a"); }),
                       {"keypoints/walk", "exists already", "--overwrite"}));
        write(folder / "walk.json", people_in({"1.jpg", "0.jpg"}));
        const ConversionOptions overwrite{
            .dataset = {}, .first_frame = {}, .lowest_first = false, .overwrite = true};
        CHECK(shown(convert(folder / "walk.json", folder / "a", overwrite)) ==
              Shown{{1, 2}, {2, 1}});
        write(folder / "a/keypoints/walk/notes.txt", "mine");
        CHECK(contains(error_of([&] { convert(folder / "walk.json", folder / "a", overwrite); }),
                       {"notes.txt", "never removed"}));
        for (const auto& entry : std::filesystem::directory_iterator(folder / "a/keypoints"))
            CHECK(entry.path().filename() == "walk");
    }

    TEST_CASE("a source that is wrong in one clip leaves no clip behind") {
        TemporaryFolder folder;
        write(folder / "s/a.json", R"([{"frame_id":0,"instances":[]}])");
        write(folder / "s/b.json",
              R"([{"frame_id":0,"instances":[{"keypoints":[[1,2]],"keypoint_scores":[1]}]}])");
        CHECK(contains(error_of([&] { convert(folder / "s", folder / "out"); }),
                       {"b.json", "1 joints"}));
        CHECK_FALSE(std::filesystem::exists(folder / "out"));
        write(folder / "s/b.json",
              R"([{"frame_id":0,"instances":[]},{"frame_id":2,"instances":[]}])");
        const Converted gap = convert(folder / "s", folder / "out");
        CHECK(gap.plan.frames == 4);
        REQUIRE(gap.plan.warnings.size() == 2);
        CHECK(contains(gap.plan.warnings[0], {"1 clip", "numbers missing", "b"}));
        CHECK(contains(gap.plan.warnings[1], {"no frame shows anybody"}));
        // A clip's folder is replaced as a whole, so none may lie in it.
        write(folder / "t/a.json", R"([{"frame_id":0,"instances":[]}])");
        write(folder / "t/a/b.json", R"([{"frame_id":0,"instances":[]}])");
        CHECK(
            contains(error_of([&] { convert(folder / "t", folder / "out2"); }), {"'a/b'", "'a'"}));
    }

    TEST_CASE("joints in another order than was assumed are warned of") {
        TemporaryFolder folder;
        // The first 17 joints of BODY_25, and Human3.6M's order, both read as COCO-17.
        const auto source = [&](const Pose& pose, const std::vector<Body25>& order) {
            std::string text;
            for (int t = 0; t < 12; ++t) {
                std::string numbers;
                for (const Body25 joint : order)
                    numbers.append(numbers.empty() ? "" : ",")
                        .append(std::to_string(pose[joint].x + t))
                        .append(",")
                        .append(std::to_string(pose[joint].y))
                        .append(",0.9");
                text.append(t ? "," : "[").append(R"({"image_id":)").append(std::to_string(t));
                text.append(R"(,"keypoints":[)").append(numbers).append("]}");
            }
            write(folder / "walk.json", text + "]");
            std::filesystem::remove_all(folder / "out");
            std::string warnings;
            for (const std::string& warning :
                 convert(folder / "walk.json", folder / "out").plan.warnings)
                warnings += warning + "\n";
            return warnings;
        };
        const Pose pose = standing_figure(100, 50, 200);
        const auto order_of = [](const char* option, std::size_t count) {
            std::vector<Body25> order;
            for (std::size_t i = 0; i < count; ++i) {
                const Body25 joint = skeleton_named(option).joints[i];
                order.push_back(joint == body25_joints ? mid_hip : joint);
            }
            return order;
        };
        CHECK_FALSE(contains(source(pose, order_of("coco17", 17)), {"another order"}));
        CHECK(contains(source(pose, order_of("body25", 17)), {"disagree about left", "--layout"}));
        CHECK(contains(source(pose, order_of("human36m", 17)), {"below the hips", "12 of 12"}));
    }

    TEST_CASE("fewer frames in the source than in the dataset are warned of") {
        TemporaryFolder folder;
        write(folder / "walk.json",
              R"([{"frame_id":0,"instances":[]},{"frame_id":1,"instances":[]}])");
        write_frames(folder / "a/frames/walk", "img_", 1, 3);
        const Converted converted = convert(folder / "walk.json", folder / "a");
        CHECK(converted.frames.size() == 2);
        CHECK(contains(converted.plan.warnings.at(0), {"walk (2, 3)", "shifted"}));
    }
}

}  // namespace mdn::test
