#include "train/page/clip_data.h"

#include <cmath>

#include "tests/train/program.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;

TEST_SUITE("train/page/clip_data") {
    TEST_CASE("a clip's data are those of the inspection, averaged over heads") {
        SmallProject project;
        MicroDualNet model(load_config(project.config), 3);
        const ClipFiles files = find_clip(project.data, "val_1", 3, {}).files;
        const Inspection clip = inspect(model, files, clip_options(model.config(), Sampling::test));
        const auto json = clip_json("val_1", clip, 32);
        CHECK(json["name"] == "val_1");
        CHECK(json["side"] == 32);
        CHECK(json["frames"] == std::vector<int64_t>{0, 2});
        REQUIRE(json["pictures"].size() == 2);
        CHECK(json["pictures"][0].get<std::string>().starts_with("data:image/jpeg;base64,/9j/"));
        for (size_t t = 0; t < 2; ++t) {
            REQUIRE(json["boxes"][t].size() == 2);
            CHECK(std::abs(json["boxes"][t][1][0].get<double>() - clip.boxes[t][1].x1) <= 0.051);
            REQUIRE(json["joints"][t].size() == body25_joints);
            for (size_t j = 0; j < body25_joints; ++j) {
                const Joint& joint = (*clip.view.joints[t])[j];
                REQUIRE(json["joints"][t][j].is_null() == !joint.valid());
                if (joint.valid())
                    CHECK(std::abs(json["joints"][t][j][1].get<double>() - joint.y) <= 0.051);
            }
        }
        for (const auto& [name, layers] : clip.attention) {
            REQUIRE(json["attention"][name].size() == layers.size());
            for (size_t l = 0; l < layers.size(); ++l)
                for (int64_t s = 0; s < 2; ++s)
                    for (int64_t i = 0; i < 4; ++i) {  // [1,S,2 heads,2,2]
                        const float* head = layers[l].data<float>() + s * 8 + i;
                        const double mean = 1000 * (head[0] + head[4]) / 2.0;
                        CHECK(std::abs(json["attention"][name][l][s][i].get<double>() - mean) <=
                              0.501);
                    }
        }
        REQUIRE(json["top"].size() == 3);
        const auto best = json["top"][0][0].get<size_t>();
        for (const double p : clip.probabilities) CHECK(p <= clip.probabilities[best]);
    }

    TEST_CASE("of many frames some are shown, with their own attention") {
        Inspection clip;
        const int64_t T = 9, K = 2;
        Random random(4);
        for (int64_t t = 0; t < T; ++t) {
            clip.view.frames.push_back(10 * t);
            clip.view.joints.emplace_back();
        }
        clip.probabilities = {0.25, 0.75};
        clip.attention["st.spatial"] = {random.normal_tensor({1, T, 1, K, K})};
        clip.attention["st.temporal"] = {random.normal_tensor({1, K, 1, T, T})};
        const auto json = clip_json("long", clip, 32, {.most_frames = 3});
        CHECK(json["frames"] == std::vector<int64_t>{10, 40, 70});
        CHECK(json["joints"].size() == 3);
        const auto value = [&](const char* name, int64_t at) {
            return std::lround(1000 * clip.attention[name][0].data<float>()[at]);
        };
        CHECK(json["attention"]["st.spatial"][0].size() == 3);
        CHECK(json["attention"]["st.spatial"][0][1][2] == value("st.spatial", 4 * 4 + 2));
        CHECK(json["attention"]["st.temporal"][0].size() == 2);
        // Row frame 7, column frame 4, of entity 1.
        CHECK(json["attention"]["st.temporal"][0][1][2 * 3 + 1] ==
              value("st.temporal", 81 + 7 * 9 + 4));
    }

    TEST_CASE("a reduced picture has the mean of what each pixel covers") {
        const Image picture = random_image(6, 4, 8), half = reduced(picture, 3);
        REQUIRE((half.width == 3 && half.height == 2));
        for (size_t y = 0; y < 2; ++y)
            for (size_t x = 0; x < 3; ++x)
                for (size_t c = 0; c < 3; ++c) {
                    const auto at = [&](size_t v, size_t u) {
                        return picture.pixels[((2 * y + v) * 6 + 2 * x + u) * 3 + c] * 1.0;
                    };
                    const double mean = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
                    CHECK(std::abs(half.pixels[(y * 3 + x) * 3 + c] - mean) <= 0.5);
                }
        CHECK(reduced(picture, 6).pixels == picture.pixels);
    }
}
