#include "train/explain/explanation.h"

#include <algorithm>
#include <cmath>

#include "model/mac_loss.h"
#include "tests/engine/gradient_check.h"
#include "tests/train/program.h"
#include "train/evaluate.h"
#include "train/load_model.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;
using Kind = Occlusion::Kind;

namespace {

/// A project with a clip `long` of 11 frames, and a model of 6 classes that reads 4 of them.
struct LongClip : SmallProject {
    Config model_config = load_config(config);

    LongClip() {
        write_clip(data, "long", 11, 40, 36, 91);
        model_config.classes = 6;
        model_config.frames = 4;
    }
    ClipFiles files() const {
        return {.name = "long",
                .frames = data + "/frames/long",
                .keypoints = data + "/keypoints/long",
                .count = 11};
    }
};

std::vector<double> answer(MicroDualNet& model, const Inputs& inputs) {
    const Tensor logits = model.forward(inputs, Tensor()).logits;
    return probabilities_of(logits.data<float>(), logits.dim(1));
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

}  // namespace

TEST_SUITE("train/explain/explanation") {
    TEST_CASE("each answer is the model's own to the occluded input, counted pass by pass") {
        LongClip project;
        MicroDualNet model(project.model_config, 5);
        const ClipOptions options = clip_options(model.config(), Sampling::test);
        std::vector<int64_t> told;
        int64_t of = 0;
        const Explanation explanation =
            explain(model, project.files(), options, 5, [&](int64_t done, int64_t total) {
                told.push_back(done);
                of = total;
            });
        const Inspection clip = inspect(model, project.files(), options);
        CHECK(explanation.clip.probabilities == clip.probabilities);
        const auto occlusions = occlusions_for(model.config(), clip.view.frames);
        REQUIRE(explanation.occlusions.size() == occlusions.size());
        int64_t moved = 0;
        for (size_t i = 0; i < occlusions.size(); ++i) {
            CHECK(explanation.occlusions[i].occlusion == occlusions[i]);
            const auto expected =
                answer(model, occluded(clip.inputs, occlusions[i], model.config()));
            CHECK(largest_difference(explanation.occlusions[i].probabilities, expected) < 1e-6);
            moved += largest_difference(expected, clip.probabilities) > 1e-5;
        }
        CHECK(moved >= std::ssize(occlusions) - 1);  // or the plain answer would do
        // 2 entities covered, 2 unseen (of the head), 4 frames dropped, still, backwards.
        CHECK(explanation.passes == 1 + 2 + 4 + 2);
        CHECK(explanation.head_passes == 2 + std::ssize(explanation.class_maps));
        CHECK(of == std::ssize(told));
        CHECK(told.back() == of);
        CHECK(of == explanation.passes + explanation.head_passes);

        // The three likeliest classes, and the true one.
        const auto best = std::max_element(clip.probabilities.begin(), clip.probabilities.end());
        CHECK(explanation.class_maps[0].cls == best - clip.probabilities.begin());
        CHECK(std::any_of(explanation.class_maps.begin(), explanation.class_maps.end(),
                          [](const ClassMap& map) { return map.cls == 5; }));
        const int64_t H = explanation.height, W = explanation.width;
        CHECK(H == clip.outputs.features.dim(2));
        for (const ClassMap& map : explanation.class_maps) CHECK(std::ssize(map.map) == 4 * H * W);
        CHECK(std::ssize(explanation.cells) == 4 * 2 * H * W);

        const Tensor st = model.logits_of_path(clip.outputs, Paths::st);
        CHECK(largest_difference(explanation.st_alone, probabilities_of(st.data<float>(), 6)) <
              1e-9);
        const Tensor similarity = mac_similarity(clip.outputs.st, clip.outputs.ts);
        for (int64_t i = 0; i < 4; ++i)
            CHECK(explanation.similarity[i] == Approx(similarity.data<float>()[i]));
        CHECK(explanation.visible == std::vector<std::vector<bool>>(4, {true, true}));
    }

    TEST_CASE("a clip of two frames has both of them dropped, one of a single frame none") {
        LongClip project;
        MicroDualNet model(project.model_config, 5);
        const ClipOptions options = clip_options(model.config(), Sampling::test);
        ClipFiles files = project.files();
        files.count = 2;
        const Explanation two = explain(model, files, options, unlabelled);
        CHECK(two.clip.view.frames == std::vector<int64_t>{0, 0, 1, 1});
        int64_t dropped = 0;
        for (const OccludedAnswer& one : two.occlusions) {
            if (one.occlusion.kind != Kind::dropped) continue;
            ++dropped;
            CHECK(largest_difference(one.probabilities, two.clip.probabilities) > 1e-5);
        }
        CHECK(dropped == 2);
        CHECK(two.passes == 1 + 2 + 2 + 2);
        files.count = 1;
        const Explanation one = explain(model, files, options, unlabelled);
        for (const OccludedAnswer& answer : one.occlusions)
            CHECK(
                (answer.occlusion.kind == Kind::covered || answer.occlusion.kind == Kind::unseen));
        CHECK(one.passes == 1 + 2);
    }

    TEST_CASE("a body part whose joints are missing in a frame is not visible there") {
        LongClip project;
        MicroDualNet model(project.model_config, 5);
        const ClipOptions options = clip_options(model.config(), Sampling::test);
        const ClipFiles files = project.files();
        const auto read = inspect(model, files, options).view.frames;
        Pose pose = standing_figure(18.4, 7.2, 28.8);  // as write_clip() has it there
        pose[left_wrist] = {};
        write(files.keypoint(read[2]), openpose_json({pose}));
        const auto visible = explain(model, files, options, unlabelled).visible;
        for (size_t t = 0; t < 4; ++t) CHECK(visible[t] == std::vector<bool>{true, t != 2});
    }

    TEST_CASE("every variant is explained as far as it goes") {
        LongClip project;
        struct Variant {
            Modality modality;
            Regions regions;
            Paths paths;
            Fusion fusion;
        };
        for (const auto& [modality, regions, paths, fusion] :
             {Variant{Modality::rgb_pose, Regions::keypoints, Paths::st, Fusion::router},
              Variant{Modality::rgb_pose, Regions::keypoints, Paths::dual, Fusion::mean},
              Variant{Modality::rgb, Regions::fixed, Paths::dual, Fusion::router},
              Variant{Modality::rgb, Regions::none, Paths::dual, Fusion::router},
              Variant{Modality::pose, Regions::keypoints, Paths::dual, Fusion::router}}) {
            Config config = project.model_config;
            config.modality = modality;
            config.regions = regions;
            config.paths = paths;
            config.fusion = fusion;
            MicroDualNet model(config, 7);
            const ClipOptions options = clip_options(config, Sampling::test);
            const Explanation explanation = explain(model, project.files(), options, unlabelled);
            CHECK(explanation.occlusions.size() ==
                  occlusions_for(config, explanation.clip.view.frames).size());
            CHECK(explanation.class_maps.empty() == !config.has_frames());
            CHECK(explanation.cells.empty() == !(config.has_frames() && config.has_entities()));
            CHECK(explanation.similarity.empty() == !config.has_both_paths());
            CHECK(explanation.st_alone.empty() == !config.has_both_paths());
            CHECK(explanation.visible.empty() == !config.has_entities());
            CHECK(explanation.passes <= 17);
            for (const OccludedAnswer& one : explanation.occlusions) {
                const auto expected =
                    answer(model, occluded(explanation.clip.inputs, one.occlusion, config));
                CHECK(largest_difference(one.probabilities, expected) < 1e-6);
            }
        }
    }

    TEST_CASE("a GPU explains a clip as the CPU does") {
        LongClip project;
        const ClipOptions options = clip_options(project.model_config, Sampling::test);
        MicroDualNet cpu(project.model_config, 5);
        MicroDualNet gpu(project.model_config, 5, DType::f32, Device::cuda);
        const Explanation a = explain(cpu, project.files(), options, 5);
        const Explanation b = explain(gpu, project.files(), options, 5);
        REQUIRE(a.occlusions.size() == b.occlusions.size());
        for (size_t i = 0; i < a.occlusions.size(); ++i)
            CHECK(largest_difference(a.occlusions[i].probabilities, b.occlusions[i].probabilities) <
                  1e-4);
        REQUIRE(a.class_maps.size() == b.class_maps.size());
        for (size_t i = 0; i < a.class_maps.size(); ++i) {
            const auto& map = a.class_maps[i].map;
            CHECK(a.class_maps[i].cls == b.class_maps[i].cls);
            CHECK(largest_difference(map, b.class_maps[i].map) <
                  1e-3 * *std::max_element(map.begin(), map.end()) + 1e-9);
        }
        CHECK(a.cells == b.cells);
        CHECK(largest_difference(a.st_alone, b.st_alone) < 1e-4);
        CHECK(largest_difference(a.similarity, b.similarity) < 1e-4);
        CHECK(a.mac_loss == Approx(b.mac_loss).epsilon(1e-3));
    }

    TEST_CASE("a film has all frames that the model reads, and others between them") {
        LongClip project;
        const ClipOptions options = clip_options(project.model_config, Sampling::test);
        const ClipFiles files = project.files();
        const ClipView view = first_view(files, options);
        CHECK(view.frames == std::vector<int64_t>{1, 4, 6, 9});
        const Film all = film_of(files, options, view.frames, 64);
        CHECK(all.frames == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        CHECK(all.nearest == std::vector<int64_t>{0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3});
        const Film some = film_of(files, options, view.frames, 6);
        CHECK(some.count == 11);
        CHECK(std::ssize(some.frames) <= 6);
        CHECK(std::ssize(some.frames) > 4);
        CHECK(std::is_sorted(some.frames.begin(), some.frames.end()));
        MicroDualNet model(project.model_config, 5);
        const Inspection clip = inspect(model, files, options);
        for (size_t t = 0; t < 4; ++t) {
            const auto found = std::find(some.frames.begin(), some.frames.end(), view.frames[t]);
            REQUIRE(found != some.frames.end());
            const size_t i = found - some.frames.begin();
            CHECK(some.nearest[i] == static_cast<int64_t>(t));
            CHECK(some.pictures[i].pixels == clip.pictures[t].pixels);
            CHECK((*some.joints[i])[nose].x == Approx((*view.joints[t])[nose].x));
        }
    }
}
