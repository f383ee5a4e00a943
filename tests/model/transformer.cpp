#include "model/transformer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "model/classifier.h"
#include "tests/engine/gradient_check.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

struct Fixture {
    Config config = test::small_config();
    ParameterStore store{DType::f64};
    Random random{3};
    DropoutSites sites;
    ForwardOptions drop{.training = true,
                        .dropout_seed_and_step = Tensor::from(std::vector<int64_t>{5, 6}, {2})};

    Scope root() { return {store, random}; }
    void randomise() {
        for (const Parameter& parameter : store.all())
            parameter.value.copy_from(
                random.normal_tensor(parameter.value.shape(), 0.5, DType::f64));
    }
};

}  // namespace

TEST_SUITE("model/transformer") {
    // Dropout is 0 in the golden cases, so its places are checked here.
    TEST_CASE("an encoder layer drops out after Proj and after FC2, nowhere else") {
        for (const TokenAxis axis : {TokenAxis::entities, TokenAxis::frames}) {
            Fixture f;
            const EncoderLayer layer(f.root(), f.config, f.sites);
            f.randomise();
            const Tensor x = f.random.normal_tensor({2, 3, 2, 8}, 1, DType::f64);
            const auto drop = [&](const Tensor& y, const Dropout& site) {
                return dropout(y, f.config.dropout, {f.drop.dropout_seed_and_step, site.op});
            };
            Tensor y = layer_norm(x, layer.norm1.gamma, layer.norm1.beta);
            y = attention(linear(y, layer.qkv.weight, layer.qkv.bias), 2, axis);
            y = linear(y, layer.proj.weight, layer.proj.bias);
            const Tensor middle = add(x, drop(y, layer.attention_dropout));
            y = layer_norm(middle, layer.norm2.gamma, layer.norm2.beta);
            y = gelu(linear(y, layer.mlp.fc1.weight, layer.mlp.fc1.bias));
            y = linear(y, layer.mlp.fc2.weight, layer.mlp.fc2.bias);
            y = add(middle, drop(y, layer.mlp_dropout));
            CHECK(test::relative_error(layer.forward(x, axis, f.drop), y) < 1e-12);
        }
    }

    TEST_CASE(
        "an encoder layer begins near the identity, and all of it learns from the first step") {
        for (const TokenAxis axis : {TokenAxis::entities, TokenAxis::frames}) {
            Fixture f;
            const EncoderLayer layer(f.root(), f.config, f.sites);
            const Tensor x = f.random.normal_tensor({2, 3, 2, 8}, 1, DType::f64);
            const Tensor y = layer.forward(x, axis, {.training = true});
            CHECK(test::relative_error(y, x) < 0.15);
            backward(y, f.random.normal_tensor(y.shape(), 1, DType::f64));
            for (const Parameter& parameter : f.store.all()) {
                INFO(parameter.name);
                double largest = 0;
                for (const double g : parameter.value.grad().to_vector<double>())
                    largest = std::max(largest, std::abs(g));
                CHECK(largest > 1e-4);
            }
        }
    }

    TEST_CASE("the classifier drops out between its layers") {
        Fixture f;
        const Classifier classifier(f.root(), f.config, f.sites);
        f.randomise();
        const Tensor image = f.random.normal_tensor({2, 64}, 1, DType::f64);
        const Tensor entities = f.random.normal_tensor({2, 16}, 1, DType::f64);
        Tensor y =
            linear(concat(image, entities), classifier.mlp.fc1.weight, classifier.mlp.fc1.bias);
        y = dropout(gelu(y), f.config.head_dropout,
                    {f.drop.dropout_seed_and_step, classifier.dropout.op});
        y = linear(y, classifier.mlp.fc2.weight, classifier.mlp.fc2.bias);
        CHECK(test::relative_error(classifier.forward(image, entities, f.drop), y) < 1e-12);
    }
}
