#include "model/summary.h"

#include <doctest/doctest.h>
#include <cmath>

#include "engine/allocator.h"
#include "engine/autograd.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

std::vector<Config> variants() {
    std::vector<Config> all(9, test::small_config());
    all[1].regions = Regions::none;
    all[2].paths = Paths::st;
    all[3].paths = Paths::ts;
    all[4].fusion = Fusion::mean;
    all[5].backbone = {Block::bottleneck, {1, 2, 1, 1}, 8, {2, 1, 2, 2}};
    all[6] = preset_config("tiny");
    all[7].layers = 3;
    all[7].mlp_ratio = 3;
    all[7].entities = {"torso"};
    all[7].roi = 5;
    all[8].modality = Modality::pose;
    return all;
}

/// What one step of a training loop takes at its peak.
int64_t measured_peak(const Config& config, int64_t clips, Recompute recompute) {
    Allocator& memory = allocator(Device::cpu);
    const int64_t before = memory.stats().used_bytes;
    MicroDualNet model(config);
    Optimizer optimizer(model.parameters(), {});
    const test::Batch batch = test::random_batch(config, clips, 1);
    memory.reset_peak();
    const ForwardOptions options{
        .training = true,
        .dropout_seed_and_step = Tensor::from(std::vector<int64_t>{1, 0}, {2}),
        .recompute = recompute};
    const Tensor loss = model.forward(batch.inputs, batch.labels, options).loss;
    backward(loss);
    optimizer.step(1e-3);
    return memory.stats().peak_used_bytes - before;
}

}  // namespace

TEST_SUITE("model/summary") {
    TEST_CASE("TSM-R101 is the published size") {
        const LayerSummary tsm = summarize(preset_config("paper-ma52")).tsm.value();
        CHECK(tsm.name == "TSM-R101");
        CHECK(static_cast<double>(tsm.parameters) == doctest::Approx(42.6e6).epsilon(0.001));
        CHECK(static_cast<double>(tsm.macs) == doctest::Approx(62.7e9).epsilon(0.001));
        // torchvision's resnet101 has 44,549,160 parameters, 2,049,000 of them in its classifier.
        CHECK(tsm.parameters == 44549160 - 2049000 + 2048 * 52 + 52);
        Config shallow;
        shallow.backbone.depths = {3, 4, 6, 3};
        CHECK(summarize(shallow).tsm->name == "TSM-R50");
        CHECK(summarize(preset_config("tiny")).tsm->name == "TSM-R10");
    }

    TEST_CASE("every layer counts the parameters the model creates") {
        for (const Config& config : variants()) {
            const MicroDualNet model(config);
            const ModelSummary summary = summarize(config);
            CHECK(summary.total.parameters == model.parameters().trained_count());
            int64_t parameters = 0, macs = 0;
            for (const LayerSummary& layer : summary.layers) {
                INFO(layer.name);
                int64_t created = 0;
                for (const Parameter& parameter : model.parameters().all()) {
                    const bool stem = layer.name == "backbone.stem" &&
                                      (parameter.name.starts_with("backbone.conv1.") ||
                                       parameter.name.starts_with("backbone.bn1."));
                    if (parameter.trained() &&
                        (stem || parameter.name.starts_with(layer.name + ".")))
                        created += parameter.value.numel();
                }
                CHECK(created == layer.parameters);
                CHECK(layer.macs + layer.parameters > 0);
                parameters += layer.parameters;
                macs += layer.macs;
            }
            CHECK(parameters == summary.total.parameters);
            CHECK(macs == summary.total.macs);
        }
    }

    TEST_CASE("the shapes are those of the model's outputs") {
        for (const Config& config : variants()) {
            MicroDualNet model(config);
            const test::Batch batch = test::random_batch(config, 2, 3);
            const NoGrad no_grad;
            const Outputs out = model.forward(batch.inputs, {});
            const auto check = [&](const std::string& name, const Tensor& y) {
                INFO(name);
                for (const LayerSummary& layer : summarize(config).layers)
                    if (layer.name == name)
                        CHECK(Shape(y.shape().begin() + 1, y.shape().end()) == layer.shape);
            };
            if (config.has_frames()) check("backbone.layer4.0", out.features);
            if (config.has_frames() && config.has_entities()) check("sem", out.entities);
            if (!config.has_frames()) check("pose", out.entities);
            if (config.has_st()) check("st.temporal.norm", out.st);
            if (config.has_ts()) check("ts.spatial.norm", out.ts);
            if (config.has_router()) check("router", out.alpha);
            check("classifier", out.logits);
        }
    }

    TEST_CASE("multiply-adds of a case counted by hand") {
        // One frame, 8×8 pixels: stem 4×4, pool 2×2, then 2×2, 1×1, 1×1, 1×1.
        Config config = test::small_config();
        config.frames = 1;
        config.size = 8;
        const auto layers = summarize(config).layers;
        CHECK(layers[0].macs == 4 * 4 * 8 * (3 * 49 + 2));
        CHECK(layers[1].macs == 2 * (2 * 2 * 8 * (8 * 9 + 2)));
        CHECK(layers[2].macs == 16 * (8 * 9 + 2) + 16 * (16 * 9 + 2) + 16 * (8 + 2));
        CHECK(layers[5].name == "sem");
        CHECK(layers[5].macs == 2 * 4 * (64 * (9 + 2) + 8 * (64 + 2)));
        CHECK(layers[6].name == "st.spatial.layers.0");
        // Two norms, qkv, both products over 2 entities, proj, fc1, fc2.
        CHECK(layers[6].macs == 2 * (2 * 5 * 8 + 3 * 64 + 2 * 2 * 8 + 64 + 2 * 8 * 16));
    }

    TEST_CASE("without frames there is no TSM to compare with") {
        Config config = test::small_pose_config();
        const ModelSummary summary = summarize(config);
        CHECK_FALSE(summary.tsm.has_value());
        CHECK(summary.layers[0].name == "pose");
        // 3 frames of 2 entities, 36 numbers each to 8 and 8.
        CHECK(summary.layers[0].macs == 3 * 2 * (36 * 8 + 8 * 8));
    }

    TEST_CASE("the memory estimate is what a training step takes") {
        const auto check = [](const std::string& what, const Config& config, int64_t clips) {
            for (const Recompute recompute :
                 {Recompute::nothing, Recompute::outputs, Recompute::convolutions}) {
                const auto estimate = static_cast<double>(
                    estimate_training_memory(config, clips, OptimizerKind::adamw, DType::f32,
                                             recompute)
                        .peak);
                const auto measured = static_cast<double>(measured_peak(config, clips, recompute));
                INFO(what << ", " << clips << " clips, form " << static_cast<int>(recompute)
                          << ": estimate " << estimate / 1e6 << " MB, measured " << measured / 1e6
                          << " MB");
                CHECK(std::abs(estimate - measured) <= 0.05 * measured);
            }
        };
        Config config = preset_config("tiny");
        check("tiny", config, 2);
        check("tiny", config, 1);
        config.regions = Regions::none;
        check("no regions", config, 2);
        config = preset_config("tiny");
        config.backbone = {Block::bottleneck, {1, 2, 3, 1}, 16, {1, 2, 2, 2}};
        config.paths = Paths::ts;
        config.roi = 6;
        check("bottleneck, one path", config, 1);
        // As in paper-ma52: more blocks in a row than one chain may hold.
        config.backbone = {Block::bottleneck, {3, 4, 11, 3}, 8, {1, 2, 2, 2}};
        config.size = 128;
        check("deep", config, 2);
        config = preset_config("tiny");
        config.modality = Modality::pose;
        check("joints", config, 4);
        // Most of it parameters and tokens instead of images.
        config = preset_config("tiny");
        config.size = 32;
        config.frames = 12;
        config.dim = 128;
        check("wide tokens", config, 2);
    }

    TEST_CASE("no configuration that is accepted overflows its sizes") {
        const Config largest = parse_config(
            R"({"classes": 10000, "frames": 128, "size": 1024,
                "backbone": {"depths": [128, 128, 128, 128], "width": 512, "strides": [1, 1, 1, 1]},
                "roi": 64, "dim": 8192, "heads": 8192, "layers": 128, "mlp_ratio": 64,
                "router_hidden": 65536, "head_hidden": 65536})",
            "largest");
        const ModelSummary summary = summarize(largest);
        CHECK(summary.total.parameters > 0);
        CHECK(summary.total.macs > 0);
        for (const LayerSummary& layer : summary.layers) CHECK(layer.macs > 0);
        const TrainingMemory memory = estimate_training_memory(largest, 4096);
        CHECK(memory.activations > 0);
        CHECK(memory.peak > memory.activations);
        CHECK_THROWS_AS(estimate_training_memory(largest, 4097), Error);
        CHECK_THROWS_AS(estimate_training_memory(largest, 0), Error);
    }
}
