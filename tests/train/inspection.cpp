#include "train/inspection.h"

#include <algorithm>
#include <cmath>

#include "data/images/image.h"
#include "tests/train/program.h"
#include "train/evaluate.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

Config small_config_of(const SmallProject& project, Modality modality = Modality::rgb_pose) {
    Config config = load_config(project.config);
    config.modality = modality;
    if (modality == Modality::rgb) config.regions = Regions::fixed;
    return config;
}

}  // namespace

TEST_SUITE("train/inspection") {
    TEST_CASE("an inspected clip is the one that evaluation sees, and says the same") {
        SmallProject project;
        MicroDualNet model(small_config_of(project), 3);
        const ClipOptions options = clip_options(model.config(), Sampling::test);
        const ClipFiles files = find_clip(project.data, "val_1", 3, {}).files;
        const Inspection clip = inspect(model, files, options);

        const Clip read = read_clip(files, options);
        const Outputs outputs = model.forward(model_inputs(read.tensors), Tensor());
        const ViewAverage answer = average_views(outputs.logits, outputs.alpha, 0, 1, "val_1");
        CHECK(clip.probabilities == answer.probabilities);
        REQUIRE(clip.alpha_st.size() == 2);
        for (size_t k = 0; k < 2; ++k) CHECK(clip.alpha_st[k] == answer.alpha[k].first);

        // Three frames, of which the middles of two halves are taken: 0.75 and 2.25.
        CHECK(clip.view.frames == std::vector<int64_t>{0, 2});
        REQUIRE(clip.pictures.size() == 2);
        for (size_t t = 0; t < 2; ++t) {
            // The pixels are those of the file under the same transform, to the nearest level.
            const Image image = read_image(files.frame(clip.view.frames[t]));
            const Transform crop = evaluation_transform({image.width, image.height}, 32);
            std::vector<float> pixels(32 * 32 * 3);
            resample(image, crop, 32, pixels.data());
            double most = 0;
            for (size_t i = 0; i < pixels.size(); ++i)
                most = std::max(most, std::abs(pixels[i] * rgb_deviation[i % 3] + rgb_mean[i % 3] -
                                               clip.pictures[t].pixels[i] * 1.0));
            CHECK(most <= 0.501);
            // The joints are where the boxes were taken from.
            REQUIRE(clip.view.joints[t]);
            const auto hand = entity_box(Entity::left_hand, *clip.view.joints[t], 32);
            REQUIRE(hand);
            CHECK(clip.boxes[t][1].x1 == Approx(hand->x1));
            CHECK(clip.boxes[t][1].y2 == Approx(hand->y2));
        }
        REQUIRE(clip.attention.size() == 4);
        CHECK(clip.attention.at("ts.temporal")[0].shape() == Shape{1, 2, 2, 2, 2});
    }

    TEST_CASE("of several views the first is inspected") {
        SmallProject project;
        MicroDualNet model(small_config_of(project), 3);
        ClipOptions options = clip_options(model.config(), Sampling::test);
        options.samplings = 2;
        options.crops = 3;
        const ClipFiles files = find_clip(project.data, "val_2", 3, {}).files;
        const Inspection clip = inspect(model, files, options);
        const Clip read = read_clip(files, options);
        for (int64_t i = 0; i < clip.inputs.frames.numel(); ++i)
            REQUIRE(clip.inputs.frames.data<float>()[i] == read.tensors.frames.data<float>()[i]);
        for (size_t t = 0; t < 2; ++t) {
            const auto hand = entity_box(Entity::left_hand, *clip.view.joints[t], 32);
            REQUIRE(hand);
            CHECK(clip.boxes[t][1].x1 == Approx(hand->x1));
        }
    }

    TEST_CASE("models without frames, without keypoints and without entities are inspected too") {
        SmallProject project;
        const ClipFiles files = find_clip(project.data, "val_0", 3, {}).files;
        for (const Modality modality : {Modality::pose, Modality::rgb}) {
            const Config config = small_config_of(project, modality);
            MicroDualNet model(config, 3);
            const Inspection clip = inspect(model, files, clip_options(config, Sampling::test));
            CHECK(clip.pictures.empty() == (modality == Modality::pose));
            CHECK(clip.boxes.empty() == (modality == Modality::pose));
            CHECK(clip.view.joints[0].has_value() == (modality == Modality::pose));
            CHECK(clip.attention.size() == 4);
            if (clip.view.joints[0]) {  // the neck is in the middle, up to the body's own motion
                const Joint& joint = (*clip.view.joints[0])[neck];
                CHECK(std::abs(joint.x - 16) < 8);
                CHECK(std::abs(joint.y - 8) < 8);
            }
        }
        Config plain = small_config_of(project, Modality::rgb);
        plain.regions = Regions::none;
        MicroDualNet model(plain, 3);
        const Inspection clip = inspect(model, files, clip_options(plain, Sampling::test));
        CHECK(clip.pictures.size() == 2);
        CHECK((clip.boxes.empty() && clip.attention.empty() && clip.alpha_st.empty()));
    }
}
