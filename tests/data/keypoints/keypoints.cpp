#include "data/keypoints/keypoints.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/entity_boxes.h"
#include "data/keypoints/person.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

ClipFiles clip_of(const TemporaryFolder& folder, std::int64_t frames) {
    return {.name = "a",
            .frames = folder / "frames/a",
            .keypoints = folder / "keypoints/a",
            .count = frames};
}

/// The figure in frame t, in pixels of the 90x120 frames of these tests.
Pose figure(std::int64_t t) { return standing_figure(40 + static_cast<double>(t), 15, 90); }

/// Frames of 90x120, and the figure with every coordinate passed through x(), y().
template <class X, class Y>
void write_clip(const ClipFiles& clip, X x, Y y) {
    for (std::int64_t t = 0; t < clip.count; ++t) {
        write_image(clip.frame(t), random_image(90, 120, static_cast<std::uint64_t>(t)));
        Pose pose = figure(t);
        for (Joint& joint : pose) joint = {x(joint.x), y(joint.y), joint.confidence};
        char name[40];
        std::snprintf(name, sizeof name, "img_%05d_keypoints.json", static_cast<int>(t + 1));
        write(clip.keypoints / name, openpose_json({pose}));
    }
}

/// As for a model that looks at the frames, where there are any.
Track track_of(const ClipFiles& clip, const KeypointOptions& options) {
    return read_track(clip, frame_size(clip), options);
}

void check_is_figure(const Track& track) {
    for (std::int64_t t = 0; t < std::ssize(track); ++t) {
        REQUIRE(track[t]);
        for (std::size_t j = 0; j < body25_joints; ++j) {
            CHECK(std::abs((*track[t])[j].x - figure(t)[j].x) < 2e-3);
            CHECK(std::abs((*track[t])[j].y - figure(t)[j].y) < 2e-3);
        }
    }
}

const auto as_it_is = [](double value) { return value; };

}  // namespace

TEST_SUITE("data/keypoints/keypoints") {
    TEST_CASE("joints up to the threshold were not seen; the last frames may have no keypoints") {
        TemporaryFolder folder;
        ClipFiles clip = clip_of(folder, 3);
        write_clip(clip, as_it_is, as_it_is);
        Pose pose = figure(1);
        pose[nose].confidence = 0.05;
        pose[neck].confidence = 0.06;
        pose[left_wrist].confidence = 0.3;
        write(clip.keypoints / "img_00002_keypoints.json", openpose_json({pose}));
        const auto seen = [&](double threshold) {
            const Track track = track_of(clip, {.threshold = threshold});
            return std::vector<bool>{(*track[1])[nose].valid(), (*track[1])[neck].valid(),
                                     (*track[1])[left_wrist].valid(), (*track[1])[mid_hip].valid()};
        };
        CHECK(seen(0.05) == std::vector<bool>{false, true, true, true});
        CHECK(seen(0.3) == std::vector<bool>{false, false, false, true});
        CHECK(seen(0) == std::vector<bool>{true, true, true, true});
        // What is said to be missing is not looked for.
        std::filesystem::remove(clip.keypoints / "img_00003_keypoints.json");
        CHECK_THROWS_AS(track_of(clip, {}), Error);
        clip.without_keypoints = 1;
        const Track track = track_of(clip, {});
        REQUIRE(track.size() == 3);
        CHECK(track[1]);
        CHECK_FALSE(track[2]);
    }

    TEST_CASE("normalised files become pixels of the frames, whose size is read from them") {
        TemporaryFolder folder;
        const ClipFiles clip = clip_of(folder, 4);
        write_clip(clip, as_it_is, as_it_is);
        check_is_figure(track_of(clip, {}));
        write_clip(
            clip, [](double x) { return x / 89; }, [](double y) { return y / 119; });
        check_is_figure(track_of(clip, {}));
        write_clip(
            clip, [](double x) { return 2 * x / 89 - 1; },
            [](double y) { return 2 * y / 119 - 1; });
        check_is_figure(track_of(clip, {}));
        write_clip(
            clip, [](double x) { return x / 119; }, [](double y) { return y / 119; });
        check_is_figure(track_of(clip, {.scale = KeypointScale::unit_by_longest}));
        write_clip(
            clip, [](double x) { return 4 * x; }, [](double y) { return 4 * y; });
        check_is_figure(track_of(clip, {.picture = FrameSize{360, 480}}));
    }

    TEST_CASE("keypoints of a larger picture are noticed") {
        TemporaryFolder folder;
        const ClipFiles clip = clip_of(folder, 3);
        write_clip(
            clip, [](double x) { return 4 * x; }, [](double y) { return 4 * y; });
        CHECK(contains(error_of([&] { track_of(clip, {}); }),
                       {"clip 'a'", "75 joints", "90x120", "outside", "--keypoint-size"}));
        // A person half outside the picture is not that.
        write_clip(
            clip, [](double x) { return x - 40; }, as_it_is);
        CHECK(track_of(clip, {})[0]);
    }

    TEST_CASE("frames that say how they were extracted give the size away") {
        TemporaryFolder folder;
        const ClipFiles clip = clip_of(folder, 3);
        const auto times_4 = [](double value) { return 4 * value; };
        write_clip(clip, times_4, times_4);
        write(clip.frames / "extracted.txt",
              "video_width=360\nvideo_height=480\nwidth=90\nheight=120\n");
        CHECK(contains(error_of([&] { track_of(clip, {}); }), {"outside"}));
        // A video's keypoints, by their names, are in pixels of the video, near its corner, too.
        for (std::int64_t t = 0; t < clip.count; ++t) {
            char name[40];
            std::snprintf(name, sizeof name, "a_%012d_keypoints.json", static_cast<int>(t));
            std::filesystem::rename(clip.keypoint(t), clip.keypoints / name);
        }
        check_is_figure(track_of(clip, {}));
        check_is_figure(track_of(clip, {.picture = FrameSize{360, 480}}));
        // Without looking at the frames they stay as they are.
        CHECK((*read_track(clip, std::nullopt, {})[1])[nose].x ==
              doctest::Approx(4 * figure(1)[nose].x).epsilon(1e-5));
        // Keypoints that were found in the frames are left alone, and what is given comes first.
        write_clip(clip, as_it_is, as_it_is);
        check_is_figure(track_of(clip, {}));
        write_clip(
            clip, [](double x) { return 2 * x; }, [](double y) { return 2 * y; });
        check_is_figure(track_of(clip, {.picture = FrameSize{180, 240}}));
        // A table's keypoints come in pixels of such frames, whatever is given.
        ClipFiles table = clip;
        table.keypoints = folder / "a_light_hand.csv";
        std::string rows;
        for (std::int64_t t = 0; t < 3; ++t) {
            rows += std::to_string(t);
            for (const Joint& joint : figure(t)) {
                for (const double value : {4 * joint.x, 4 * joint.y, joint.confidence}) {
                    rows.append(",").append(std::to_string(value));
                }
            }
            for (int i = 0; i < 30; ++i) rows += ",0";
            rows += "\n";
        }
        write(table.keypoints, rows);
        check_is_figure(track_of(table, {}));
        check_is_figure(track_of(table, {.picture = FrameSize{360, 480}}));
    }

    TEST_CASE("without frames the pose is that of the file, or of the picture that is given") {
        TemporaryFolder folder;
        ClipFiles clip = clip_of(folder, 2);
        write_clip(
            clip, [](double x) { return x / 89; }, [](double y) { return y / 119; });
        std::filesystem::remove_all(folder / "frames");
        check_is_figure(track_of(clip, {.picture = FrameSize{90, 120}}));
        const Track plain = track_of(clip, {});
        CHECK((*plain[1])[left_ankle].y ==
              doctest::Approx(figure(1)[left_ankle].y / 119).epsilon(1e-5));
        clip.frames.clear();
        CHECK((*track_of(clip, {})[1])[left_ankle].y == (*plain[1])[left_ankle].y);
    }

    TEST_CASE("gaps are filled and trembling smoothed only when that is asked for") {
        TemporaryFolder folder;
        const ClipFiles clip = clip_of(folder, 7);
        write_clip(clip, as_it_is, as_it_is);
        write(clip.keypoint(3), openpose_json({}));
        CHECK_FALSE(track_of(clip, {})[3]);
        check_is_figure(track_of(clip, {.fill = 1}));
        check_is_figure(track_of(clip, {.fill = 1, .smooth = 2}));
        CHECK_FALSE(track_of(clip, {.smooth = 2})[3]);
    }

    TEST_CASE("absurd coordinates end as joints that were not seen") {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const std::vector<Entity> entities = {Entity::head,       Entity::torso,
                                              Entity::left_hand,  Entity::right_hand,
                                              Entity::lower_body, Entity::face};
        for (const double bad : {1e30, -1e30, 1e6, 1.7e308, infinity, std::nan("")}) {
            CAPTURE(bad);
            std::vector<std::vector<Pose>> people;
            for (std::int64_t t = 0; t < 5; ++t) people.push_back({figure(t)});
            people[1][0][left_wrist].x = bad;
            people[2][0][neck].y = bad;
            people[2][0][left_elbow] = {bad, -bad, 1};
            for (Joint& joint : people[3][0]) joint = {bad, bad, 1};
            const Track track = choose_person(people);
            CHECK(track[1]);
            CHECK(track[2]);
            CHECK_FALSE(track[3]);
            CHECK(track[4]);
            std::vector<float> boxes(5 * 6 * 4);
            CHECK(keypoint_boxes(entities, track, 112, boxes.data()));
            CHECK(std::all_of(boxes.begin(), boxes.end(),
                              [](float value) { return value >= 0 && value <= 112; }));
            // The wrist's box is that of the frame before, the neck's joint is left out of its own.
            const float* hand = boxes.data() + 2 * 4;
            CHECK(std::equal(hand, hand + 4, hand + 6 * 4));
            Pose without_neck = figure(2);
            without_neck[neck] = {};
            CHECK(boxes[2 * 24 + 4 + 1] ==
                  doctest::Approx(entity_box(Entity::torso, without_neck, 112)->y1));
        }
    }
}

}  // namespace mdn::test
