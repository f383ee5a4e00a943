#include "model/dual_path.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

#include "model/micro_dualnet.h"
#include "tests/engine/gradient_check.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

Tensor parameter(MicroDualNet& model, const std::string& name) {
    const Parameter* found = model.parameters().find(name);
    REQUIRE(found);
    return found->value;
}

}  // namespace

TEST_SUITE("model/dual_path") {
    TEST_CASE("each transformer hands out its own attention, and the pass stays as it was") {
        Config config = test::small_config();
        config.layers = 2;
        MicroDualNet model(config, 4);
        const test::Batch batch = test::random_batch(config, 2, 5);
        AttentionMaps maps;
        const Outputs with = model.forward(batch.inputs, batch.labels, {.attention = &maps});
        const Outputs plain = model.forward(batch.inputs, batch.labels);
        CHECK(with.logits.to_vector<float>() == plain.logits.to_vector<float>());

        REQUIRE(maps.size() == 4);
        for (const char* path : {"st", "ts"})
            for (const char* kind : {".spatial", ".temporal"}) {
                const std::vector<Tensor>& layers = maps.at(std::string(path) + kind);
                REQUIRE(layers.size() == 2);
                // T = 3 frames, K = 2 entities, 2 heads.
                const bool spatial = std::string(kind) == ".spatial";
                const Shape shape = spatial ? Shape{2, 3, 2, 2, 2} : Shape{2, 2, 2, 3, 3};
                const int64_t length = shape[4];
                for (const Tensor& weights : layers) {
                    REQUIRE(weights.shape() == shape);
                    for (int64_t i = 0; i < weights.numel(); i += length) {
                        float sum = 0;
                        for (int64_t j = 0; j < length; ++j) sum += weights.data<float>()[i + j];
                        CHECK(sum == doctest::Approx(1));
                    }
                }
            }

        // Without queries a layer attends evenly: that tells whose weights are under which name.
        for (const std::string name : {"st.spatial", "st.temporal", "ts.temporal", "ts.spatial"}) {
            MicroDualNet even(config, 4);
            for (const char* part : {"weight", "bias"}) {
                const Tensor qkv = parameter(even, name + ".layers.1.attn.qkv." + part);
                std::fill_n(qkv.data<float>(), qkv.numel(), 0.f);
            }
            AttentionMaps found;
            even.forward(batch.inputs, batch.labels, {.attention = &found});
            for (const auto& [other, layers] : found)
                for (size_t l = 0; l < 2; ++l) {
                    const Tensor& weights = layers[l];
                    const float one = 1.f / static_cast<float>(weights.dim(4));
                    float most = 0;
                    for (const float w : weights.to_vector<float>())
                        most = std::max(most, std::abs(w - one));
                    const bool is_changed = other == name && l == 1;
                    CHECK((most < 1e-6) == is_changed);
                }
        }
    }

    TEST_CASE("a path alone answers as the model does when its router gives that path everything") {
        for (const Config& config : {test::small_config(), test::small_pose_config()}) {
            MicroDualNet model(config, 6);
            const test::Batch batch = test::random_batch(config, 3, 7);
            const Outputs free = model.forward(batch.inputs, batch.labels);
            const Tensor weight = parameter(model, "router.fc2_weight");
            std::fill_n(weight.data<float>(), weight.numel(), 0.f);
            std::vector<Tensor> logits = {free.logits};
            for (const int64_t path : {0, 1}) {
                const Tensor bias = parameter(model, "router.fc2_bias");
                for (int64_t i = 0; i < bias.numel(); ++i)
                    bias.data<float>()[i] = i % 2 == path ? 200.f : 0.f;
                const Outputs forced = model.forward(batch.inputs, batch.labels);
                const Paths alone = path == 0 ? Paths::st : Paths::ts;
                logits.push_back(model.logits_of_path(free, alone));
                CHECK(test::relative_error(logits.back(), forced.logits) < 1e-6);
            }
            // Or one could stand for another.
            CHECK(test::relative_error(logits[0], logits[1]) > 1e-3);
            CHECK(test::relative_error(logits[1], logits[2]) > 1e-3);
        }
        Config one_path = test::small_config();
        one_path.paths = Paths::st;
        MicroDualNet model(one_path);
        const test::Batch batch = test::random_batch(one_path, 2, 8);
        const Outputs outputs = model.forward(batch.inputs, batch.labels);
        CHECK_THROWS_AS(model.logits_of_path(outputs, Paths::st), Error);
    }

    TEST_CASE("routed by hand, a model answers as if its router had chosen so") {
        const Config config = test::small_config();
        MicroDualNet model(config, 6);
        const test::Batch batch = test::random_batch(config, 3, 7);
        const Outputs free = model.forward(batch.inputs, batch.labels);
        const Outputs same = model.rerouted(free, free.alpha);
        CHECK(same.logits.to_vector<float>() == free.logits.to_vector<float>());
        CHECK(same.fused.to_vector<float>() == free.fused.to_vector<float>());
        for (const int64_t path : {0, 1}) {
            Tensor alpha = free.alpha.clone();
            for (int64_t i = 0; i < alpha.numel(); ++i) alpha.data<float>()[i] = i % 2 == path;
            const Outputs forced = model.rerouted(free, alpha);
            const Paths alone = path == 0 ? Paths::st : Paths::ts;
            CHECK(test::relative_error(forced.logits, model.logits_of_path(free, alone)) < 1e-6);
            CHECK(test::relative_error(forced.logits, free.logits) > 1e-3);
            CHECK(forced.alpha.to_vector<float>() == alpha.to_vector<float>());
        }
        CHECK_THROWS_AS(model.rerouted(free, Tensor::zeros({1, config.entity_count(), 2})), Error);
        Config one_path = config;
        one_path.paths = Paths::st;
        MicroDualNet other(one_path);
        CHECK_THROWS_AS(other.rerouted(other.forward(batch.inputs, batch.labels), free.alpha),
                        Error);
    }
}
