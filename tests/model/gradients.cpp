// The whole model's loss, differentiated by backward() and by central differences in double.
#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

/// Moves every parameter away from its initial value, so that none sits at 0 or 1.
void randomise(const MicroDualNet& model, uint64_t seed) {
    Random random(seed);
    for (const Parameter& parameter : model.parameters().all()) {
        if (!parameter.trained()) continue;
        double* values = parameter.value.data<double>();
        for (int64_t i = 0; i < parameter.value.numel(); ++i) values[i] += 0.2 * random.normal();
    }
}

struct Report {
    int checked = 0, kinks = 0;
};

/// Compares `samples` elements of every parameter, that of the largest gradient among them. An
/// element whose central differences disagree at two step sizes stands at a kink of a ReLU or of
/// max-pooling, where there is no derivative, and is passed over.
Report check_model_gradients(const Config& config, bool with_dropout, int samples) {
    MicroDualNet model(config, 7, DType::f64);
    randomise(model, 8);
    const test::Batch batch = test::random_batch(config, 3, 9, DType::f64);
    ForwardOptions options{.training = true};
    if (with_dropout)
        options.dropout_seed_and_step = Tensor::from(std::vector<int64_t>{11, 4}, {2});
    const auto loss = [&] { return model.forward(batch.inputs, batch.labels, options).loss; };
    backward(loss());

    const NoGrad no_grad;
    Random random(10);
    Report report;
    for (const Parameter& parameter : model.parameters().all()) {
        if (!parameter.trained()) continue;
        INFO(parameter.name);
        REQUIRE(parameter.value.grad().defined());
        const Tensor gradient = parameter.value.grad();
        const double* analytic = gradient.data<double>();
        const int64_t count = parameter.value.numel();
        std::vector<int64_t> elements = {
            std::max_element(analytic, analytic + count,
                             [](double a, double b) { return std::abs(a) < std::abs(b); }) -
            analytic};
        CHECK(std::abs(analytic[elements[0]]) > 0);
        while (static_cast<int>(elements.size()) < samples) elements.push_back(random.below(count));

        double difference = 0, norm = 0;
        for (const int64_t i : elements) {
            double& x = parameter.value.data<double>()[i];
            const double x0 = x;
            const auto slope = [&](double h) {
                x = x0 + h;
                const double above = loss().item();
                x = x0 - h;
                const double below = loss().item();
                x = x0;
                return (above - below) / (2 * h);
            };
            const double coarse = slope(4e-6), fine = slope(2e-6);
            if (std::abs(coarse - fine) > 1e-6 * std::max(std::abs(fine), 1e-2)) {
                ++report.kinks;
                continue;
            }
            // Both have an error of c·h²; this combination has none of that order.
            const double numeric = (4 * fine - coarse) / 3;
            difference += (numeric - analytic[i]) * (numeric - analytic[i]);
            norm += numeric * numeric;
            ++report.checked;
        }
        CHECK(std::sqrt(difference) <= 1e-6 * std::sqrt(norm));
    }
    return report;
}

void check_variant(const Config& config, bool with_dropout, int samples) {
    const Report report = check_model_gradients(config, with_dropout, samples);
    INFO(report.checked << " elements checked, " << report.kinks << " at kinks");
    CHECK(report.checked >= 20);
    CHECK(report.kinks * 5 <= report.checked);
}

}  // namespace

TEST_SUITE("model/gradients") {
    TEST_CASE("the full model's gradient") { check_variant(test::small_config(), false, 2); }

    TEST_CASE("with dropout, the mask held still") { check_variant(test::small_config(), true, 1); }

    TEST_CASE("bottleneck blocks") {
        Config config = test::small_config();
        config.backbone.block = Block::bottleneck;
        check_variant(config, false, 1);
    }

    TEST_CASE("the ST path alone") {
        Config config = test::small_config();
        config.paths = Paths::st;
        check_variant(config, false, 1);
    }

    TEST_CASE("the TS path alone") {
        Config config = test::small_config();
        config.paths = Paths::ts;
        check_variant(config, false, 1);
    }

    TEST_CASE("the mean of both paths") {
        Config config = test::small_config();
        config.fusion = Fusion::mean;
        check_variant(config, false, 1);
    }

    TEST_CASE("no regions") {
        Config config = test::small_config();
        config.regions = Regions::none;
        check_variant(config, false, 2);
    }

    TEST_CASE("joints instead of frames") {
        check_variant(test::small_pose_config(), false, 3);
        Config config = test::small_pose_config();
        config.paths = Paths::ts;
        check_variant(config, true, 2);
    }

    TEST_CASE("one entity, one frame") {
        Config config = test::small_config();
        config.frames = 1;
        config.entities = {"face"};
        check_variant(config, false, 1);
    }
}
