#include "train/settings/train_settings.h"

#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/error.h"
#include "tests/model/inputs.h"

using namespace mdn;
using doctest::Approx;

namespace {

/// One SGD step's move of every parameter divided by what -lr·gradient would have moved it.
std::map<std::string, double> rates_of_one_step(const TrainSettings& settings) {
    MicroDualNet model(test::small_config(), 4);
    std::vector<std::vector<float>> before;
    for (const Parameter& parameter : model.parameters().all())
        before.push_back(parameter.value.to_vector<float>());
    const test::Batch batch = test::random_batch(model.config(), 3, 9);
    backward(model.forward(batch.inputs, batch.labels, {.training = true}).loss);
    Optimizer optimizer(model.parameters(), settings.optimizer_options());
    optimizer.step(settings.lr);
    std::map<std::string, double> rates;
    for (size_t i = 0; i < before.size(); ++i) {
        const Parameter& parameter = model.parameters().all()[i];
        if (!parameter.trained()) continue;
        const auto after = parameter.value.to_vector<float>();
        const auto gradient = parameter.value.grad().to_vector<float>();
        // The least squares fit over all elements, so that rounding of small moves evens out.
        double moved = 0, expected = 0;
        for (size_t j = 0; j < after.size(); ++j) {
            const double step = -settings.lr * static_cast<double>(gradient[j]);
            moved += (static_cast<double>(after[j]) - static_cast<double>(before[i][j])) * step;
            expected += step * step;
        }
        rates[parameter.name] = expected > 0 ? moved / expected : 0;
    }
    return rates;
}

}  // namespace

TEST_SUITE("train/settings/train_settings") {
    TEST_CASE("one step moves every group of parameters by its multiple of the rate") {
        TrainSettings settings;
        settings.optimizer = OptimizerKind::sgd;
        settings.lr = 0.1;
        settings.weight_decay = settings.momentum = settings.clip = 0;
        for (const auto& of_parameter : rates_of_one_step(settings))
            CHECK_MESSAGE(of_parameter.second == Approx(1).epsilon(1e-3), of_parameter.first);

        settings.bias_lr = 2;  // TSM's groups, with a slow backbone
        settings.classifier_lr = 5;
        settings.backbone_lr = 0.5;
        const auto rates = rates_of_one_step(settings);
        const std::pair<const char*, double> expected[] = {
            {"backbone.conv1.weight", 0.5},
            {"backbone.bn1.bias", 0.5},  // the shift of a norm is no bias
            {"backbone.layer1.0.bn1.weight", 0.5},
            {"sem.pointwise.weight", 1},
            {"sem.bn1.bias", 1},
            {"sem.entity_embedding", 1},
            {"st.mlp.fc1.weight", 1},
            {"st.mlp.fc1.bias", 2},
            {"ts.spatial.layers.0.norm1.bias", 1},
            {"router.fc2_weight", 1},
            {"router.fc2_bias", 2},
            {"classifier.fc1.weight", 5},
            {"classifier.fc1.bias", 10},
            {"classifier.fc2.weight", 5},
            {"classifier.fc2.bias", 10},
        };
        for (const auto& of_parameter : expected) {
            const auto& [name, rate] = of_parameter;
            REQUIRE_MESSAGE(rates.contains(name), of_parameter.first);
            CHECK_MESSAGE(rates.at(name) == Approx(rate).epsilon(1e-3), of_parameter.first);
        }
        CHECK(settings.rates_text() ==
              "backbone x0.5, classifier x5, biases x2, biases of the classifier x10");
        CHECK(TrainSettings().rates_text().empty());
    }

    TEST_CASE("settings that a checkpoint is too old to know keep their defaults") {
        TrainSettings settings;
        settings.bias_lr = 3;
        settings.lr = 0.125;
        auto text = settings.to_text();
        REQUIRE(text.erase("bias-lr") == 1);
        const TrainSettings read = TrainSettings::from_text(text, "old.safetensors");
        CHECK(read.lr == 0.125);
        CHECK(read.bias_lr == TrainSettings().bias_lr);
    }

    TEST_CASE("settings out of range are refused, what is no number among them") {
        const std::pair<const char*, const char*> wrong[] = {
            {"val-every", "0"},  {"lr", "nan"},      {"bias-lr", "-1"},
            {"milestones", "0"}, {"warmup", "1e30"}, {"epochs", "99999999999999"}};
        for (const auto& setting : wrong) {
            const auto& [name, value] = setting;
            CAPTURE(setting.first);
            auto text = TrainSettings().to_text();
            text[name] = value;
            CHECK_THROWS_WITH_AS(TrainSettings::from_text(text, "x.safetensors"),
                                 doctest::Contains((std::string("'") + name + "'").c_str()), Error);
        }
    }

    TEST_CASE("an option without an effect is refused, and so is a rate that cannot fall") {
        const auto refused = [](const std::vector<std::string>& arguments) {
            TrainSettings settings;
            CommandLine options("train", "", "");
            settings.declare(options);
            REQUIRE(options.parse(arguments));
            try {
                settings.refuse_without_effect(options);
                settings.refuse_rising_rate();
            } catch (const Error& error) {
                return std::string(error.what()) + " | " + error.hint();
            }
            return std::string();
        };
        using Arguments = std::vector<std::string>;
        const std::pair<Arguments, const char*> wrong[] = {
            {{"--milestones", "3"}, "--milestones has no effect"},
            {{"--gamma", "0.5"}, "--gamma has no effect"},
            {{"--schedule", "constant", "--floor", "0.1"}, "--floor has no effect"},
            {{"--momentum", "0.5"}, "--momentum has no effect"},
            {{"--val", "none", "--val-every", "3"}, "--val-every has no effect"},
            {{"--schedule", "step"}, "no --milestones"},
            {{"--floor", "0.5", "--lr", "0.1"}, "rise from 0.1 to the --floor, which is 0.5"},
            // Half the rate for half the clips.
            {{"--floor", "0.1", "--lr", "0.15", "--scale-learning-rate", "32"},
             "multiplies it by 16/32"}};
        for (const auto& of_case : wrong) {
            const std::string said = refused(of_case.first);
            CHECK_MESSAGE(said.find(of_case.second) != std::string::npos, said);
            CHECK(said.find(" | ") + 3 < said.size());  // and what to do
        }
        for (const Arguments& right :
             std::vector<Arguments>{{},
                                    {"--schedule", "step", "--milestones", "3", "--gamma", "0.5"},
                                    {"--floor", "0.1", "--lr", "0.1"},
                                    {"--optimizer", "sgd", "--momentum", "0"},
                                    {"--val-every", "2"}})
            CHECK(refused(right).empty());
    }

    TEST_CASE("settings survive as text, every one of them") {
        TrainSettings settings;
        settings.lr = 0.1 + 0.2;
        settings.milestones = {30, 60};
        settings.sampler = Order::balanced;
        settings.optimizer = OptimizerKind::sgd;
        settings.label_smoothing = 1.0 / 3;
        settings.recompute = true;
        const auto text = settings.to_text();
        const TrainSettings back = TrainSettings::from_text(text, "here");
        CHECK(back.to_text() == text);
        CHECK(back.lr == settings.lr);
        CHECK(back.label_smoothing == settings.label_smoothing);
        CHECK(back.recompute);
        TrainSettings of_json;
        of_json.read_json(R"({"recompute": true})", "c.json");
        CHECK(of_json.what_is_recomputed() == Recompute::convolutions);
        CHECK_THROWS_WITH_AS(of_json.read_json(R"({"recompute": 1})", "c.json"),
                             "c.json: training.recompute must be true or false, not number", Error);
        CHECK(back.milestones == settings.milestones);
        CHECK(back.sampler == Order::balanced);
    }
}
