#include "data/clip.h"

#include <cmath>

#include "data/keypoints/openpose.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

const std::vector<Entity> entities = {Entity::head, Entity::left_hand, Entity::right_hand};

ClipFiles files_of(const TemporaryFolder& folder, const std::string& name, std::int64_t count) {
    return {.name = name,
            .frames = folder / ("frames/" + name),
            .keypoints = folder / ("keypoints/" + name),
            .count = count};
}

ClipOptions small(Sampling sampling = Sampling::test) {
    ClipOptions options;
    options.frames = 4;
    options.size = 28;  // short side to 32
    options.entities = entities;
    options.sampling = sampling;
    return options;
}

}  // namespace

TEST_SUITE("data/clip") {
    TEST_CASE("a clip as evaluation reads it") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a/b", 9, 60, 48, 1);
        const ClipFiles files = files_of(folder, "a/b", 9);
        const Clip clip = read_clip(files, small());
        CHECK(clip.tensors.frames.shape() == Shape{1, 4, 28, 28, 3});
        CHECK(clip.tensors.boxes.shape() == Shape{1, 4, 3, 4});
        CHECK(clip.person_visible);

        // Frames 1, 3, 5, 7; 60x48 goes to 40x32, offsets 6 and 2: joints by the same numbers.
        for (std::int64_t t = 0; t < 4; ++t) {
            const Image image = read_image(files.frame(2 * t + 1));
            const Transform transform{
                .scale_x = 40.0 / 60, .scale_y = 32.0 / 48, .offset_x = -6, .offset_y = -2};
            std::vector<float> expected(28 * 28 * 3);
            resample(image, transform, 28, expected.data());
            const float* frame = clip.tensors.frames.data<float>() + t * 28 * 28 * 3;
            CHECK(std::vector<float>(frame, frame + expected.size()) == expected);

            Pose pose =
                standing_figure(0.4 * static_cast<double>(60 + 2 * t + 1), 0.2 * 48, 0.8 * 48);
            for (Joint& joint : pose) {
                joint.x = joint.x * 40 / 60 - 6;
                joint.y = joint.y * 32 / 48 - 2;
            }
            for (std::size_t k = 0; k < entities.size(); ++k) {
                const auto box = entity_box(entities[k], pose, 28);
                REQUIRE(box);
                const float* got = clip.tensors.boxes.data<float>() + (t * 3 + k) * 4;
                CHECK(std::abs(got[0] - box->x1) < 1e-3);
                CHECK(std::abs(got[1] - box->y1) < 1e-3);
                CHECK(std::abs(got[2] - box->x2) < 1e-3);
                CHECK(std::abs(got[3] - box->y2) < 1e-3);
            }
        }
    }

    TEST_CASE("every sampling with every crop is a view, boxes moved with the pixels") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 9, 60, 40, 1);  // resized to 48x32: x 0, 10, 20; y 2
        const ClipFiles files = files_of(folder, "a", 9);
        ClipOptions options = small();
        options.samplings = 2;
        options.crops = 3;
        const Clip clip = read_clip(files, options);
        REQUIRE(clip.tensors.frames.shape() == Shape{6, 4, 28, 28, 3});
        REQUIRE(clip.tensors.boxes.shape() == Shape{6, 4, 3, 4});
        const std::int64_t samplings[2][4] = {{1, 3, 5, 7}, {0, 2, 4, 6}};
        for (std::int64_t view = 0; view < 6; ++view) {
            const double left = 10.0 * static_cast<double>(view % 3);
            const Transform transform{
                .scale_x = 0.8, .scale_y = 0.8, .offset_x = -left, .offset_y = -2};
            std::vector<std::optional<Pose>> poses;
            for (std::int64_t t = 0; t < 4; ++t) {
                const std::int64_t frame = samplings[view / 3][t];
                std::vector<float> expected(28 * 28 * 3);
                resample(read_image(files.frame(frame)), transform, 28, expected.data());
                const float* got = clip.tensors.frames.data<float>() + (view * 4 + t) * 28 * 28 * 3;
                CHECK(std::vector<float>(got, got + expected.size()) == expected);
                poses.push_back(moved(transform, read_openpose(files.keypoint(frame)).at(0)));
            }
            std::vector<float> expected(4 * 3 * 4);
            keypoint_boxes(entities, poses, 28, expected.data());
            const float* got = clip.tensors.boxes.data<float>() + view * 4 * 3 * 4;
            for (std::size_t i = 0; i < expected.size(); ++i)
                CHECK(std::abs(got[i] - expected[i]) < 1e-3);
        }
        options.crops = 2;
        CHECK(contains(error_of([&] { read_clip(files, options); }), {"crops", "1 or 3"}));
        options.crops = 1;
        options.samplings = 0;
        CHECK(contains(error_of([&] { read_clip(files, options); }), {"samplings", "at least 1"}));
    }

    TEST_CASE("training draws change the clip, and only they do") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 3, 40, 36, 1);  // shorter than T: frames repeat
        const ClipFiles files = files_of(folder, "a", 3);
        ClipOptions options = small(Sampling::train);
        const auto read = [&](ClipReader& reader, std::uint64_t seed) {
            std::vector<float> out(4 * 28 * 28 * 3 + 4 * 3 * 4);
            Random random(seed);
            reader.read(files, random,
                        {.frames = out.data(), .boxes = out.data() + 4 * 28 * 28 * 3});
            return out;
        };
        ClipReader plain(options);
        options.cache_bytes = 2 * 40 * 36 * 3 + 100;  // room for two of the three frames
        ClipReader cached(options);
        int different = 0;
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            CHECK(read(plain, seed) == read(cached, seed));
            different += read(plain, seed) != read(plain, seed + 1);
        }
        CHECK(different >= 6);
        // What is cached is not read again; what did not fit is.
        std::filesystem::remove(files.frame(0));
        CHECK(contains(error_of([&] { read(plain, 0); }), {"img_00001.jpg"}));
        read(cached, 0);
        std::filesystem::remove(files.frame(2));
        CHECK(contains(error_of([&] { read(cached, 0); }), {"img_00003.jpg"}));
    }

    TEST_CASE("regions fixed and none do without keypoints") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 4, 32, 32, 1);
        std::filesystem::remove_all(folder / "keypoints");
        const ClipFiles files = files_of(folder, "a", 4);
        ClipOptions options = small();
        CHECK(contains(error_of([&] { read_clip(files, options); }),
                       {"missing keypoint folder", "keypoints/a", "regions"}));
        options.boxes = BoxSource::fixed;
        CHECK(read_clip(files, options).person_visible);
        CHECK(read_clip(files, options).tensors.boxes.data<float>()[0] ==
              doctest::Approx(.36 * 28));
        options.boxes = BoxSource::whole_frame;
        CHECK(read_clip(files, options).tensors.boxes.data<float>()[2] == 28);
    }

    TEST_CASE("joints are read from keypoints alone") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 9, 40, 32, 1);
        std::filesystem::remove_all(folder / "frames");
        const ClipFiles files = files_of(folder, "a", 9);
        ClipOptions options = small();
        options.input = ClipInput::joints;
        const Clip clip = read_clip(files, options);
        CHECK(clip.person_visible);
        CHECK_FALSE(clip.tensors.frames.defined());
        CHECK_FALSE(clip.tensors.boxes.defined());
        CHECK(clip.tensors.joints.shape() == Shape{1, 4, 3, 12, 3});
        // The figure drifts 0.4 pixels a frame; its neck of frame 4 is the origin, and its unit 0.3
        // of its height of 0.8 · 32. Frames 1, 3, 5, 7 are sampled, joint 0 of the head is the
        // nose, 0.1 of the height above the neck.
        const double unit = 0.3 * 0.8 * 32;
        const float* joints = clip.tensors.joints.data<float>();
        for (int t = 0; t < 4; ++t) {
            const float* nose = joints + t * 3 * 36;
            CHECK(nose[0] == doctest::Approx(0.4 * (2 * t + 1 - 4) / unit).epsilon(1e-4));
            CHECK(nose[1] == doctest::Approx(-1.0 / 3).epsilon(1e-4));
            CHECK(nose[2] == doctest::Approx(0.9));
        }
        // Frames that lie there all the same are not looked at, whatever they are.
        write(files.frame(0), "no image");
        CHECK(read_clip(files, options).tensors.joints.to_vector<float>() ==
              clip.tensors.joints.to_vector<float>());
        options.samplings = 2;
        CHECK(read_clip(files, options).tensors.joints.shape() == Shape{2, 4, 3, 12, 3});
        // The origin is that of all frames, not of the sampled ones: with the five others 2 pixels
        // to the right, the median of necks is at 18.8.
        TemporaryFolder stepped;
        for (int t = 0; t < 9; ++t)
            write(stepped / ("keypoints/a/" + files.keypoint(t).filename().string()),
                  openpose_json({standing_figure(0.4 * (40 + t) + (t % 2 == 0 ? 2 : 0), 0.2 * 32,
                                                 0.8 * 32)}));
        options.samplings = 1;
        const Clip other = read_clip(files_of(stepped, "a", 9), options);
        CHECK(other.tensors.joints.data<float>()[0] ==
              doctest::Approx((16.4 - 18.8) / unit).epsilon(1e-4));

        options.crops = 3;
        CHECK(contains(error_of([&] { read_clip(files, options); }), {"crops", "--crops"}));
        options.crops = 1;
        options.samplings = 1;

        // Training samples frames and mirrors.
        options.sampling = Sampling::train;
        ClipReader reader(options);
        int mirrored = 0;
        for (std::uint64_t seed = 0; seed < 40; ++seed) {
            std::vector<float> out(4 * 3 * 36);
            Random random(seed);
            CHECK(reader.read(files, random, {.joints = out.data()}));
            // The left shoulder, slot 0 of the left hand, stays on the same side of the neck.
            CHECK(out[36] > out[2 * 36]);
            mirrored += out[3 * 36] < out[0];  // the drift goes the other way
        }
        CHECK(mirrored > 10);
        CHECK(mirrored < 30);

        for (std::int64_t t = 0; t < 9; ++t) write(files.keypoint(t), openpose_json({}));
        options.sampling = Sampling::test;
        const Clip nobody = read_clip(files, options);
        CHECK_FALSE(nobody.person_visible);
        for (const float x : nobody.tensors.joints.to_vector<float>()) CHECK(x == 0);
    }

    TEST_CASE("nobody in the clip: the whole frame, and it is said") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 4, 32, 32, 1);
        const ClipFiles files = files_of(folder, "a", 4);
        for (std::int64_t t = 0; t < 4; ++t) write(files.keypoint(t), openpose_json({}));
        const Clip clip = read_clip(files, small());
        CHECK_FALSE(clip.person_visible);
        for (std::int64_t i = 0; i < clip.tensors.boxes.numel(); ++i) {
            CHECK(clip.tensors.boxes.data<float>()[i] == (i % 4 < 2 ? 0 : 28));
        }
    }

    TEST_CASE("broken clips name the file") {
        TemporaryFolder folder;
        write_clip(folder.path(), "a", 4, 32, 32, 1);
        const ClipFiles files = files_of(folder, "a", 4);
        const auto error = [&] { return error_of([&] { read_clip(files, small()); }); };
        write_image(files.frame(2), random_image(32, 30, 1));
        CHECK(contains(error(), {"img_00003.jpg", "32x30", "32x32"}));
        write(files.frame(2), "broken");
        CHECK(contains(error(), {"img_00003.jpg", "cannot decode"}));
        std::filesystem::remove(files.frame(2));
        CHECK(contains(error(), {"img_00003.jpg", "missing"}));
        write_image(files.frame(2), random_image(32, 32, 1));
        write(files.keypoint(1), "{");
        CHECK(contains(error(), {"img_00002_keypoints.json", "JSON"}));
        std::filesystem::remove(files.keypoint(1));
        CHECK(contains(error(), {"frame 2", "img_00002_keypoints.json"}));
    }
}

}  // namespace mdn::test
