#include "train/training_step.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/allocator.h"
#include "engine/autograd.h"
#include "tests/engine/cuda/every_timing.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

const OptimizerOptions adamw = {.kind = OptimizerKind::adamw, .clip_norm = 1};

Config config_with_dropout() {
    Config config = test::small_config();
    config.dropout = 0.2;
    return config;
}

StepInput input_of(const test::Batch& batch, int64_t step) {
    return {.inputs = batch.inputs,
            .labels = batch.labels,
            .seed = 5,
            .step = step,
            .learning_rate = 1e-3 * static_cast<double>(step + 1)};
}

bool same_bits(const MicroDualNet& a, const MicroDualNet& b) {
    for (size_t i = 0; i < a.parameters().all().size(); ++i)
        if (a.parameters().all()[i].value.to_vector<float>() !=
            b.parameters().all()[i].value.to_vector<float>())
            return false;
    return true;
}

bool same_gradients(const MicroDualNet& a, const MicroDualNet& b) {
    for (size_t i = 0; i < a.parameters().all().size(); ++i) {
        const Tensor x = a.parameters().all()[i].value.grad();
        const Tensor y = b.parameters().all()[i].value.grad();
        if (x.defined() != y.defined()) return false;
        if (x.defined() && x.to_vector<float>() != y.to_vector<float>()) return false;
    }
    return true;
}

/// Clips of each step: the batch size changes and comes back.
constexpr int64_t clips_of_step[] = {3, 3, 2, 3, 2, 2, 3};

/// Takes those steps and returns their losses.
std::vector<double> train(MicroDualNet& model, bool record) {
    Optimizer optimizer(model.parameters(), adamw);
    TrainingStep training(model, optimizer, record);
    std::vector<double> losses;
    int64_t step = 0;
    const auto bring_next = [&] {
        const auto seed = static_cast<uint64_t>(step);
        training.bring(
            input_of(test::random_batch(model.config(), clips_of_step[step], seed), step));
        ++step;
    };
    bring_next();
    for (size_t i = 0; i < std::size(clips_of_step); ++i) {
        training.start();
        if (i + 1 < std::size(clips_of_step)) bring_next();
        const StepResult result = training.finish();
        losses.insert(losses.end(), {result.loss, result.loss_ce, result.loss_mac,
                                     result.gradient_norm, result.top1});
    }
    return losses;
}

}  // namespace

TEST_SUITE("train/training_step") {
    TEST_CASE("a step is forward, backward and update, bit for bit, on every device") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            const Config config = config_with_dropout();
            MicroDualNet by_hand(config, 1, DType::f32, device);
            MicroDualNet by_step(config, 1, DType::f32, device);
            Optimizer hand_optimizer(by_hand.parameters(), adamw);
            Optimizer step_optimizer(by_step.parameters(), adamw);
            TrainingStep training(by_step, step_optimizer, false);
            for (int64_t step = 0; step < 2; ++step) {
                const StepInput input =
                    input_of(test::random_batch(config, 2, static_cast<uint64_t>(step)), step);
                by_hand.parameters().zero_grad();
                const Outputs outputs = by_hand.forward(
                    input.inputs.each([&](const Tensor& x) { return x.to(device); }),
                    input.labels.to(device),
                    {.training = true,
                     .dropout_seed_and_step = Tensor::from<int64_t>({5, step}, {2}).to(device)});
                backward(outputs.loss);
                const double norm = hand_optimizer.step(input.learning_rate);
                training.bring(input);
                training.start();
                const StepResult result = training.finish();
                CHECK(result.loss == outputs.loss.item());
                CHECK(result.loss_mac == outputs.loss_mac.item());
                CHECK(result.gradient_norm == norm);
                int64_t right = 0;
                const std::vector<float> logits = outputs.logits.to(Device::cpu).to_vector<float>();
                for (size_t b = 0; b < 2; ++b) {
                    const auto row = logits.begin() + static_cast<int64_t>(b) * config.classes;
                    right += std::max_element(row, row + config.classes) - row ==
                             input.labels.data<int64_t>()[b];
                }
                CHECK(result.top1 == 50.0 * static_cast<double>(right));
            }
            CHECK(same_bits(by_hand, by_step));
        }
    }

    TEST_CASE("recorded steps equal those that are not, bit for bit, whatever the batch size") {
        Config of_joints = config_with_dropout();
        of_joints.modality = Modality::pose;
        for (const auto& computing : {std::pair{DType::f32, config_with_dropout()},
                                      {DType::bf16, config_with_dropout()},
                                      {DType::f32, of_joints},
                                      {DType::bf16, of_joints}}) {
            const DType activations = computing.first;
            const Config& config = computing.second;
            MicroDualNet eager(config, 1, DType::f32, Device::cuda);
            eager.compute_in(activations);
            const std::vector<double> losses = train(eager, false);
            test::with_every_timing([&] {
                MicroDualNet recorded(config, 1, DType::f32, Device::cuda);
                recorded.compute_in(activations);
                CHECK(train(recorded, true) == losses);
                CHECK(same_bits(eager, recorded));
                // Those of the last step, which was recorded before the one that it follows.
                CHECK(same_gradients(eager, recorded));
            });
        }
    }

    TEST_CASE("label smoothing: part of the target goes to all classes, in training's loss alone") {
        constexpr double smoothing = 0.3;
        const Config config = test::small_config();
        const test::Batch batch = test::random_batch(config, 3, 8);
        MicroDualNet model(config, 2), twin(config, 2);
        Optimizer optimizer(model.parameters(), adamw);
        TrainingStep training(model, optimizer, false, smoothing);
        training.bring(input_of(batch, 0));
        training.start();
        const StepResult result = training.finish();

        const Tensor logits =
            twin.forward(
                    batch.inputs, batch.labels,
                    {.training = true, .dropout_seed_and_step = Tensor::from<int64_t>({5, 0}, {2})})
                .logits;
        double expected = 0;
        for (int64_t b = 0; b < 3; ++b) {
            const float* row = logits.data<float>() + b * 3;
            const double total = std::exp(row[0]) + std::exp(row[1]) + std::exp(row[2]);
            for (int64_t c = 0; c < 3; ++c) {
                const bool truth = batch.labels.data<int64_t>()[b] == c;
                const double target = (truth ? 1 - smoothing : 0) + smoothing / 3;
                expected -= target * std::log(std::exp(row[c]) / total) / 3;
            }
        }
        CHECK(result.loss_ce == doctest::Approx(expected).epsilon(1e-5));
        CHECK(result.loss ==
              doctest::Approx(expected + config.mac_weight * result.loss_mac).epsilon(1e-5));
    }

    TEST_CASE("a loss that is not finite is reported and leaves the parameters as they were") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            MicroDualNet model(test::small_config(), 1, DType::f32, device);
            const MicroDualNet before(test::small_config(), 1, DType::f32, device);
            Optimizer optimizer(model.parameters(), adamw);
            TrainingStep training(model, optimizer, false);
            test::Batch batch = test::random_batch(model.config(), 2, 1);
            batch.inputs.frames.data<float>()[7] = NAN;
            training.bring(input_of(batch, 0));
            training.start();
            CHECK_THROWS_WITH_AS(training.finish(), doctest::Contains("loss is not finite"),
                                 NonFinite);
            for (size_t i = 0; i < model.parameters().all().size(); ++i)
                if (model.parameters().all()[i].trained())
                    CHECK(model.parameters().all()[i].value.to_vector<float>() ==
                          before.parameters().all()[i].value.to_vector<float>());
        }
    }

    TEST_CASE("after warming up, a step asks the system for no memory") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            MicroDualNet model(test::small_config(), 1, DType::f32, device);
            Optimizer optimizer(model.parameters(), adamw);
            TrainingStep training(model, optimizer, true);
            int64_t allocations = 0;
            for (int64_t step = 0; step < 5; ++step) {
                training.bring(input_of(test::random_batch(model.config(), 2, 1), step));
                training.start();
                training.finish();
                if (step == 0) allocations = allocator(device).stats().system_allocations;
            }
            CHECK(allocator(device).stats().system_allocations == allocations);
        }
    }
}
