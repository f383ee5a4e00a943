#include "train/forward_pass.h"

#include <doctest/doctest.h>
#include <memory>
#include <vector>

#include "engine/autograd.h"
#include "engine/kernels.h"
#include "tests/engine/cuda/every_timing.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

/// Clips of each batch: the size changes and comes back.
constexpr int64_t clips_of_batch[] = {3, 3, 2, 3, 2, 2, 3};

test::Batch batch_of(const Config& config, size_t i) {
    return test::random_batch(config, clips_of_batch[i], i);
}

void append(const Tensor& x, std::vector<float>& values) {
    if (!x.defined()) return;
    const std::vector<float> more = x.to_vector<float>();
    values.insert(values.end(), more.begin(), more.end());
}

Tensor scaled(const Tensor& x, double factor) {
    Tensor y = empty_like(x);
    kernels(x).scale(x, factor, y);
    return y;
}

/// Between batches, as training does between two evaluations.
void change_parameters(MicroDualNet& model, size_t i) {
    for (const Parameter& parameter : model.parameters().all())
        parameter.value.copy_from(scaled(parameter.value.detach(), i % 2 == 0 ? 1.1 : 0.9));
}

/// All answers, the next batch always on its way.
std::vector<float> answers(MicroDualNet& model, bool record) {
    ForwardPass pass(model, record);
    std::vector<float> values;
    pass.bring(batch_of(model.config(), 0).inputs);
    for (size_t i = 0; i < std::size(clips_of_batch); ++i) {
        pass.start();
        if (i + 1 < std::size(clips_of_batch)) pass.bring(batch_of(model.config(), i + 1).inputs);
        const Answers of_batch = pass.finish();
        append(of_batch.logits, values);
        append(of_batch.alpha, values);
        change_parameters(model, i);
    }
    return values;
}

/// The same by the model itself.
std::vector<float> expected(MicroDualNet& model) {
    const NoGrad no_grad;
    std::vector<float> values;
    for (size_t i = 0; i < std::size(clips_of_batch); ++i) {
        const Inputs inputs = batch_of(model.config(), i).inputs.each([&](const Tensor& x) {
            return x.to(model.parameters().device());
        });
        const Outputs outputs = model.forward(inputs, Tensor());
        append(outputs.logits, values);
        append(outputs.alpha, values);
        change_parameters(model, i);
    }
    return values;
}

}  // namespace

TEST_SUITE("train/forward_pass") {
    TEST_CASE("a pass is that of the parameters as they are now, not as they once were") {
        const NoGrad no_grad;
        const Config config = test::small_config();
        const Inputs inputs = test::random_batch(config, 2, 3).inputs.each([](const Tensor& x) {
            return x.to(Device::cuda);
        });
        for (const DType activations : {DType::f32, DType::bf16}) {
            CAPTURE(to_string(activations));
            const auto make = [&](uint64_t seed) {
                auto made = std::make_unique<MicroDualNet>(config, seed, DType::f32, Device::cuda);
                made->compute_in(activations);
                test::give_branches_weight(*made);
                return made;
            };
            const auto model = make(1);
            const Tensor features = model->forward(inputs, Tensor()).features;
            const auto fresh = [&] {
                auto twin = make(2);
                for (size_t i = 0; i < model->parameters().all().size(); ++i)
                    twin->parameters().all()[i].value.copy_from(model->parameters().all()[i].value);
                return twin;
            };
            const auto logits_of_head = [&](MicroDualNet& of) {
                return of.head(features, inputs.boxes, Tensor()).logits.to_vector<float>();
            };
            change_parameters(*model, 0);
            CHECK(logits_of_head(*model) == logits_of_head(*fresh()));
            change_parameters(*model, 1);
            CHECK(model->forward(inputs, Tensor()).logits.to_vector<float>() ==
                  fresh()->forward(inputs, Tensor()).logits.to_vector<float>());
        }
    }

    TEST_CASE("passes answer as the model does, bit for bit, recorded or not, whatever changes") {
        Config one_path = test::small_config();
        one_path.paths = Paths::st;
        for (const Config& config : {test::small_config(), test::small_pose_config(), one_path})
            for (const auto& computing : {std::pair{Device::cpu, DType::f32},
                                          {Device::cuda, DType::f32},
                                          {Device::cuda, DType::bf16}})
                for (const bool record : {false, true}) {
                    const Device device = computing.first;
                    const DType activations = computing.second;
                    CAPTURE(to_string(device));
                    CAPTURE(record);
                    MicroDualNet twin(config, 1, DType::f32, device);
                    twin.compute_in(activations);
                    test::give_branches_weight(twin);
                    const std::vector<float> answer = expected(twin);
                    test::with_every_timing([&] {
                        MicroDualNet model(config, 1, DType::f32, device);
                        model.compute_in(activations);
                        test::give_branches_weight(model);
                        CHECK(answers(model, record) == answer);
                    });
                }
    }
}
