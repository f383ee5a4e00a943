#include "train/explain/grad_cam.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

#include "tests/model/inputs.h"

using namespace mdn;
using namespace mdn::test;
using doctest::Approx;

namespace {

double logit(MicroDualNet& model, const Tensor& features, const Tensor& boxes, int64_t cls) {
    return model.head(features, boxes, Tensor()).logits.data<double>()[cls];
}

/// a_c by finite differences, which know nothing of autograd: raising a channel everywhere by ε
/// raises the logit by ε Σ ∂y/∂A, and the mean of the T·H·W derivatives is that sum over T·H·W.
std::vector<double> reference(MicroDualNet& model, const Tensor& features, const Tensor& boxes,
                              int64_t cls) {
    const int64_t C = features.dim(4), places = features.numel() / C;
    // Small enough that hardly any ReLU changes sides.
    const double epsilon = 1e-6;
    std::vector<double> map(static_cast<size_t>(places));
    for (int64_t c = 0; c < C; ++c) {
        const auto raised = [&](double by) {
            const Tensor changed = features.clone();
            for (int64_t i = c; i < changed.numel(); i += C) changed.data<double>()[i] += by;
            return logit(model, changed, boxes, cls);
        };
        const double weight =
            (raised(epsilon) - raised(-epsilon)) / (2 * epsilon) / static_cast<double>(places);
        for (int64_t i = 0; i < places; ++i) map[i] += weight * features.data<double>()[i * C + c];
    }
    for (double& value : map) value = std::max(value, 0.0);
    return map;
}

}  // namespace

TEST_SUITE("train/explain/grad_cam") {
    TEST_CASE("the map is that of finite differences, for every class and variant") {
        Config fixed = small_config(), plain = small_config(), single = small_config();
        fixed.modality = plain.modality = Modality::rgb;
        fixed.regions = Regions::fixed;
        plain.regions = Regions::none;
        single.paths = Paths::ts;
        for (const Config& config : {small_config(), fixed, plain, single}) {
            MicroDualNet model(config, 11, DType::f64);
            const Batch batch = random_batch(config, 1, 12, DType::f64);
            // The backbone's own are 0 wherever its last ReLU is, so that SEM's ReLUs would stand
            // at their kinks.
            Random random(15);
            const Tensor features = random.normal_tensor(
                model.forward(batch.inputs, Tensor()).features.shape(), 1, DType::f64);
            std::vector<int64_t> classes;  // in an order of their own
            for (int64_t cls = config.classes; cls-- > 0;) classes.push_back(cls);
            const auto maps = grad_cam(model, features, batch.inputs.boxes, classes);
            REQUIRE(maps.size() == classes.size());
            for (size_t c = 0; c < classes.size(); ++c) {
                const std::vector<double>& map = maps[c];
                const auto expected = reference(model, features, batch.inputs.boxes, classes[c]);
                REQUIRE(map.size() == expected.size());
                REQUIRE(std::ssize(map) == config.frames * features.dim(2) * features.dim(3));
                const double scale = *std::max_element(expected.begin(), expected.end());
                for (size_t i = 0; i < map.size(); ++i)
                    CHECK(std::abs(map[i] - expected[i]) <= 1e-6 * scale + 1e-12);
            }
            // Or one class could stand for another, and a map of zeros for all.
            CHECK(maps[0] != maps[1]);
            int64_t positive = 0;
            for (const auto& map : maps)
                positive += std::count_if(map.begin(), map.end(), [](double v) { return v > 0; });
            CHECK(positive > 0);
        }
    }

    TEST_CASE("the parameters are left without gradients, and the answer as it was") {
        const Config config = small_config();
        MicroDualNet model(config, 13);
        const Batch batch = random_batch(config, 1, 14);
        const Outputs before = model.forward(batch.inputs, Tensor());
        grad_cam(model, before.features, batch.inputs.boxes, {1});
        for (const Parameter& parameter : model.parameters().all()) {
            CHECK_FALSE(parameter.value.grad().defined());
            CHECK(parameter.value.requires_grad() == parameter.trained());
        }
        const Outputs after = model.forward(batch.inputs, Tensor());
        CHECK(after.logits.to_vector<float>() == before.logits.to_vector<float>());
    }
}
