#include "model/micro_dualnet.h"

#include <doctest/doctest.h>
#include <cmath>
#include <set>

#include "engine/allocator.h"
#include "engine/ops.h"
#include "engine/optim.h"
#include "model/classifier.h"
#include "model/dual_path.h"
#include "tests/engine/gradient_check.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

using Names = std::vector<std::pair<std::string, Shape>>;

/// Names and disk shapes of every tensor, in order.
Names disk_tensors(const Config& config) {
    const MicroDualNet model(config);
    Names names;
    for (const Parameter& parameter : model.parameters().all())
        names.emplace_back(parameter.name, parameter.disk_shape());
    return names;
}

/// What SPEC §8 leaves of the full model's tensors when those under `removed` are not used.
Names without(const std::vector<std::string>& removed) {
    Names kept;
    for (const auto& tensor : disk_tensors(test::small_config())) {
        bool keep = true;
        for (const std::string& prefix : removed) keep = keep && !tensor.first.starts_with(prefix);
        if (keep) kept.push_back(tensor);
    }
    return kept;
}

Shape shape_of(const Names& names, const std::string& name) {
    for (const auto& [other, shape] : names)
        if (other == name) return shape;
    FAIL("no tensor " << name);
    return {};
}

Outputs run(MicroDualNet& model, const test::Batch& batch, const ForwardOptions& options = {}) {
    return model.forward(batch.inputs, batch.labels, options);
}

bool finite(const Tensor& x) {
    for (float value : x.to_vector<float>())
        if (!std::isfinite(value)) return false;
    return true;
}

}  // namespace

TEST_SUITE("model/micro_dualnet") {
    TEST_CASE("names and disk shapes are SPEC §7's") {
        const Names names = disk_tensors(test::small_config());
        CHECK(shape_of(names, "backbone.conv1.weight") == Shape{8, 3, 7, 7});
        CHECK(shape_of(names, "backbone.layer2.0.downsample.0.weight") == Shape{16, 8, 1, 1});
        CHECK(shape_of(names, "backbone.layer4.0.bn2.running_var") == Shape{64});
        CHECK(shape_of(names, "sem.depthwise.weight") == Shape{64, 1, 3, 3});
        CHECK(shape_of(names, "sem.pointwise.weight") == Shape{8, 64, 1, 1});
        CHECK(shape_of(names, "sem.entity_embedding") == Shape{2, 8});
        CHECK(shape_of(names, "sem.frame_embedding") == Shape{3, 8});
        CHECK(shape_of(names, "ts.temporal.layers.0.attn.qkv.weight") == Shape{24, 8});
        CHECK(shape_of(names, "st.spatial.layers.0.mlp.fc1.weight") == Shape{16, 8});
        CHECK(shape_of(names, "st.mlp.fc1.weight") == Shape{8, 8});
        CHECK(shape_of(names, "router.fc1_weight") == Shape{2, 4, 16});
        CHECK(shape_of(names, "router.fc1_bias") == Shape{2, 4});
        CHECK(shape_of(names, "router.fc2_weight") == Shape{2, 2, 4});
        CHECK(shape_of(names, "classifier.fc1.weight") == Shape{8, 64 + 2 * 8});
        CHECK(shape_of(names, "classifier.fc2.weight") == Shape{3, 8});
    }

    TEST_CASE("weight decay touches the weights of convolutions and linear layers only") {
        for (const Config& config : {test::small_config(), test::small_pose_config()}) {
            const MicroDualNet model(config);
            for (const Parameter& p : model.parameters().all()) {
                INFO(p.name);
                const bool norm = p.name.find("bn") != std::string::npos ||
                                  p.name.find("norm") != std::string::npos ||
                                  p.name.find("downsample.1") != std::string::npos;
                const bool weight = p.name.ends_with("weight") && !norm;
                CHECK(p.decays() == weight);
                CHECK(p.trained() == (p.name.find("running_") == std::string::npos));
            }
        }
    }

    TEST_CASE("a variant has exactly the tensors that it uses") {
        Config config = test::small_config();
        config.regions = Regions::none;
        Names expected = without({"sem.", "st.", "ts.", "router."});
        for (auto& [name, shape] : expected)
            if (name == "classifier.fc1.weight") shape = {8, 64};
        CHECK(disk_tensors(config) == expected);

        config = test::small_config();
        config.paths = Paths::st;
        CHECK(disk_tensors(config) == without({"ts.", "router."}));
        config.paths = Paths::ts;
        CHECK(disk_tensors(config) == without({"st.", "router."}));
        config = test::small_config();
        config.fusion = Fusion::mean;
        CHECK(disk_tensors(config) == without({"router."}));
        config = test::small_config();
        config.regions = Regions::fixed;
        config.mac_weight = 0;
        CHECK(disk_tensors(config) == without({}));
    }

    TEST_CASE("without frames there is an encoder of joints in place of backbone and SEM") {
        Names expected = {{"pose.fc1_weight", {2, 8, 36}},   {"pose.fc1_bias", {2, 8}},
                          {"pose.fc2_weight", {2, 8, 8}},    {"pose.fc2_bias", {2, 8}},
                          {"pose.entity_embedding", {2, 8}}, {"pose.frame_embedding", {3, 8}}};
        for (auto& [name, shape] : without({"backbone.", "sem."}))
            expected.emplace_back(name, name == "classifier.fc1.weight" ? Shape{8, 2 * 8} : shape);
        CHECK(disk_tensors(test::small_pose_config()) == expected);
    }

    TEST_CASE("a variant has exactly the outputs that it uses") {
        const auto outputs = [](const Config& config) {
            MicroDualNet model(config, 3);
            return run(model, test::random_batch(config, 2, 4));
        };
        Config config = test::small_config();
        const Outputs full = outputs(config);
        CHECK(full.loss_mac.item() > 0);
        CHECK(full.loss.item() ==
              doctest::Approx(full.loss_ce.item() + 0.1 * full.loss_mac.item()));
        CHECK(full.alpha.shape() == Shape{2, 2, 2});

        config.mac_weight = 0;
        const Outputs no_mac = outputs(config);
        CHECK(no_mac.loss.item() == no_mac.loss_ce.item());
        CHECK(no_mac.loss_mac.item() == full.loss_mac.item());

        config = test::small_config();
        config.fusion = Fusion::mean;
        const Outputs mean = outputs(config);
        CHECK(mean.alpha.to_vector<float>() == std::vector<float>(8, 0.5f));
        CHECK(test::relative_error(mean.fused, scale(add(mean.st, mean.ts), 0.5)) < 1e-6);
        CHECK(mean.loss_mac.item() > 0);

        config = test::small_config();
        config.paths = Paths::st;
        const Outputs st = outputs(config);
        CHECK_FALSE(st.ts.defined());
        CHECK_FALSE(st.alpha.defined());
        CHECK(st.fused.to_vector<float>() == st.st.to_vector<float>());
        CHECK(st.loss_mac.item() == 0);
        CHECK(st.loss.item() == st.loss_ce.item());

        config.paths = Paths::ts;
        const Outputs ts = outputs(config);
        CHECK_FALSE(ts.st.defined());
        CHECK(ts.fused.to_vector<float>() == ts.ts.to_vector<float>());

        config = test::small_config();
        config.regions = Regions::none;
        MicroDualNet model(config, 3);
        const test::Batch batch = test::random_batch(config, 2, 4);
        const Outputs none = model.forward({.frames = batch.inputs.frames}, batch.labels);
        for (const Tensor& absent :
             {none.entities, none.st, none.ts, none.fused, none.alpha, none.f_entity})
            CHECK_FALSE(absent.defined());
        CHECK(none.logits.shape() == Shape{2, 3});
        CHECK(none.loss_mac.item() == 0);
        CHECK_FALSE(model.forward({.frames = batch.inputs.frames}, {}).loss.defined());
    }

    TEST_CASE("without frames the outputs are those of the entities") {
        const Config config = test::small_pose_config();
        MicroDualNet model(config, 3);
        const test::Batch batch = test::random_batch(config, 2, 4);
        const Outputs out = run(model, batch);
        CHECK_FALSE(out.features.defined());
        CHECK_FALSE(out.f_cnn.defined());
        CHECK(out.entities.shape() == Shape{2, 3, 2, 8});
        CHECK(out.f_entity.shape() == Shape{2, 16});
        CHECK(out.alpha.shape() == Shape{2, 2, 2});
        CHECK(out.loss_mac.item() > 0);
        CHECK_THROWS_WITH_AS(model.head(out.entities, {}, {}), doctest::Contains("no backbone"),
                             Error);
        // A joint of one entity in one frame moves that token, and no other.
        batch.inputs.joints.data<float>()[(1 * 2 + 1) * 36 + 4] += 1;  // clip 0, frame 1, entity 1
        const auto before = out.entities.to_vector<float>();
        const auto after = run(model, batch).entities.to_vector<float>();
        for (size_t i = 0; i < before.size(); ++i)
            CHECK((before[i] != after[i]) == (i / 8 == 1 * 2 + 1));
    }

    TEST_CASE("the loss of the consistency term reaches the paths") {
        // With λ = 0 the gradient must differ: a MAC term that is added but not differentiated
        // would go unseen by every forward comparison.
        Config config = test::small_config();
        const test::Batch batch = test::random_batch(config, 3, 4);
        std::vector<Tensor> gradients;
        for (const double weight : {0.0, 5.0}) {
            config.mac_weight = weight;
            MicroDualNet model(config, 3);
            backward(run(model, batch, {.training = true}).loss);
            gradients.push_back(model.parameters().find("st.mlp.fc1.weight")->value.grad());
        }
        CHECK(test::relative_error(gradients[1], gradients[0]) > 0.01);
    }

    TEST_CASE("a seed decides the weights, and a batch the results, bit for bit") {
        const Config config = test::small_config();
        const test::Batch batch = test::random_batch(config, 2, 4);
        const auto step = [&](uint64_t seed, int64_t dropout_step) {
            MicroDualNet model(config, seed);
            const Tensor key = Tensor::from(std::vector<int64_t>{9, dropout_step}, {2});
            const Outputs out = run(model, batch, {.training = true, .dropout_seed_and_step = key});
            backward(out.loss);
            std::vector<std::vector<float>> numbers = {out.logits.to_vector<float>()};
            for (const Parameter& parameter : model.parameters().all())
                numbers.push_back((parameter.trained() ? parameter.value.grad() : parameter.value)
                                      .to_vector<float>());
            return numbers;
        };
        const auto first = step(1, 1);
        CHECK(step(1, 1) == first);
        CHECK(step(2, 1) != first);
        CHECK(step(1, 2) != first);
    }

    TEST_CASE("dropout acts only when it is given numbers") {
        Config config = test::small_config();
        const test::Batch batch = test::random_batch(config, 2, 4);
        const ForwardOptions drop{.dropout_seed_and_step =
                                      Tensor::from(std::vector<int64_t>{9, 1}, {2})};
        const auto logits = [&](const ForwardOptions& options) {
            MicroDualNet model(config, 1);
            return run(model, batch, options).logits.to_vector<float>();
        };
        const auto plain = logits({});
        CHECK(logits(drop) != plain);
        config.dropout = 0;  // head_dropout is left
        CHECK(logits(drop) != plain);
        config.head_dropout = 0;
        CHECK(logits(drop) == plain);
        config.dropout = 0.5;
        CHECK(logits(drop) != plain);
        CHECK(logits({}) == plain);
    }

    TEST_CASE("each dropout has a mask of its own") {
        ParameterStore store;
        Random random(1);
        DropoutSites sites;
        const Config config = test::small_config();
        const Scope root(store, random);
        const Path st(root / "st", config, PathOrder::st, sites);
        const Path ts(root / "ts", config, PathOrder::ts, sites);
        const Classifier classifier(root / "classifier", config, sites);
        std::vector<int64_t> ops = {classifier.dropout.op};
        for (const Path* path : {&st, &ts})
            for (const Encoder* encoder : {&path->spatial, &path->temporal})
                for (const EncoderLayer& layer : encoder->layers) {
                    ops.push_back(layer.attention_dropout.op);
                    ops.push_back(layer.mlp_dropout.op);
                }
        CHECK(ops.size() == 9);
        CHECK(std::set<int64_t>(ops.begin(), ops.end()).size() == ops.size());
    }

    TEST_CASE("running statistics move in training and stay in evaluation") {
        const Config config = test::small_config();
        const test::Batch batch = test::random_batch(config, 2, 4);
        MicroDualNet model(config, 1);
        const auto statistics = [&] {
            std::vector<std::vector<float>> values;
            for (const Parameter& parameter : model.parameters().all())
                if (!parameter.trained()) values.push_back(parameter.value.to_vector<float>());
            return values;
        };
        const auto before = statistics();
        run(model, batch);
        CHECK(statistics() == before);
        run(model, batch, {.training = true});
        const auto after = statistics();
        for (size_t i = 0; i < before.size(); ++i) CHECK(after[i] != before[i]);
    }

    TEST_CASE("after the second training step a step asks the system for no memory") {
        Config config = preset_config("tiny");
        config.classes = 3;
        MicroDualNet model(config, 1);
        Optimizer optimizer(model.parameters(), {});
        const test::Batch batch = test::random_batch(config, 4, 4);
        Allocator& memory = allocator(Device::cpu);
        memory.release_cached();
        const auto step = [&](int64_t number) {
            model.parameters().zero_grad();
            const Tensor key = Tensor::from(std::vector<int64_t>{9, number}, {2});
            backward(run(model, batch, {.training = true, .dropout_seed_and_step = key}).loss);
            optimizer.step(1e-3);
            return memory.stats().system_allocations;
        };
        // The first leaves gradients, which the second finds there while it computes forwards.
        step(1);
        const int64_t after_second = step(2);
        for (int64_t number = 3; number <= 6; ++number) CHECK(step(number) == after_second);
        // That it would be seen: more than there is.
        Tensor::empty({memory.stats().reserved_bytes / 4 + 1});
        CHECK(memory.stats().system_allocations > after_second);
    }

    TEST_CASE("one clip, one frame, one entity, one bin, one pixel of features") {
        Config config = test::small_config();
        config.frames = 1;
        config.entities = {"lower_body"};
        config.roi = 1;
        config.classes = 1;
        config.size = 1;
        for (const Regions regions : {Regions::keypoints, Regions::none}) {
            config.regions = regions;
            MicroDualNet model(config);
            const Outputs out = run(model, test::random_batch(config, 1, 2));
            CHECK(out.features.shape() == Shape{1, 1, 1, 1, 64});
            CHECK(finite(out.logits));
            CHECK(out.loss.item() == doctest::Approx(0));
            backward(out.loss);
        }
        // Batch statistics need more than one value.
        config.size = 64;
        config.roi = 2;
        config.classes = 2;
        config.regions = Regions::keypoints;
        MicroDualNet model(config);
        const Outputs out = run(model, test::random_batch(config, 1, 2), {.training = true});
        CHECK(out.loss_mac.item() == doctest::Approx(0));
        backward(out.loss);
        for (const Parameter& parameter : model.parameters().all())
            if (parameter.trained()) {
                INFO(parameter.name);
                CHECK(finite(parameter.value.grad()));
            }
    }

    TEST_CASE("inputs that do not fit are named") {
        const Config config = test::small_config();
        MicroDualNet model(config);
        const test::Batch good = test::random_batch(config, 2, 4);
        const auto refused = [&](const Tensor& frames, const Tensor& boxes, const Tensor& labels,
                                 const char* message) {
            CHECK_THROWS_WITH_AS(model.forward({frames, boxes}, labels), doctest::Contains(message),
                                 Error);
        };
        const auto shaped = [](Shape shape) { return Tensor::full(std::move(shape), 0.5); };
        refused({}, good.inputs.boxes, good.labels, "frames is not given");
        refused(shaped({2, 3, 16, 16}), good.inputs.boxes, good.labels,
                "frames has shape [2, 3, 16, 16]");
        refused(shaped({2, 4, 16, 16, 3}), good.inputs.boxes, good.labels,
                "frames has shape [2, 4, 16, 16, 3], expected [2, 3, 16, 16, 3]");
        refused(shaped({2, 3, 17, 17, 3}), good.inputs.boxes, good.labels, "frames has shape");
        refused(shaped({0, 3, 16, 16, 3}), good.inputs.boxes, good.labels, "frames has shape");
        refused(good.inputs.frames.to(DType::f64), good.inputs.boxes, good.labels, "frames is f64");
        refused(good.inputs.frames, {}, good.labels, "boxes is not given");
        refused(good.inputs.frames, shaped({2, 3, 1, 4}), good.labels,
                "boxes has shape [2, 3, 1, 4], expected [2, 3, 2, 4]");
        refused(good.inputs.frames, good.inputs.boxes, Tensor::from(std::vector<int64_t>{1}, {1}),
                "labels has shape [1], expected [2]");
        refused(good.inputs.frames, good.inputs.boxes, shaped({2}), "labels is f32");
        MicroDualNet of_joints(test::small_pose_config());
        CHECK_THROWS_WITH_AS(of_joints.forward(good.inputs, good.labels),
                             doctest::Contains("joints is not given"), Error);
        CHECK_THROWS_WITH_AS(of_joints.forward({.joints = shaped({2, 3, 2, 11, 3})}, good.labels),
                             doctest::Contains("joints has shape [2, 3, 2, 11, 3], expected [2, 3, "
                                               "2, 12, 3]"),
                             Error);
        Config wrong = config;
        wrong.heads = 3;
        CHECK_THROWS_WITH_AS(MicroDualNet{wrong}, doctest::Contains("dim must be a multiple"),
                             Error);
    }
}
