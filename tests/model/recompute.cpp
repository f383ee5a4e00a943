// What is computed again instead of kept changes the memory of a step, and nothing else.
#include <doctest/doctest.h>
#include <string>

#include "engine/allocator.h"
#include "engine/autograd.h"
#include "engine/call_observer.h"
#include "model/backbone.h"
#include "tests/engine/same_bits.h"
#include "tests/model/inputs.h"

using namespace mdn;

namespace {

struct CountConvolutions final : CallObserver {
    int forward = 0, statistics = 0;
    // A GPU's convolution takes the moments of a batch norm on the way.
    void begin(const char* called, const char*, double, double) override {
        const std::string kernel = called;
        forward += kernel == "conv2d_forward" || kernel == "conv2d_forward_moments";
        statistics += kernel == "batch_norm_statistics" || kernel == "batch_norm_from_moments";
    }
    void end() override {}
};

/// A step's loss, logits, gradients and running statistics, on the CPU.
struct Step {
    std::vector<Tensor> results;
    std::vector<std::string> names;
    int convolutions, statistics;
    int64_t peak;  // of memory, above that of the model and the batch
};

Step step_of(const Config& config, Recompute recompute, Device device, DType activations) {
    MicroDualNet model(config, 3, DType::f32, device);
    if (activations == DType::bf16) model.compute_in(activations);
    const test::Batch batch = test::random_batch(config, 2, 4);
    const Inputs inputs = batch.inputs.each([&](const Tensor& x) { return x.to(device); });
    const Tensor labels = batch.labels.to(device);
    const Tensor seed_and_step = Tensor::from<int64_t>({7, 1}, {2}).to(device);
    CountConvolutions calls;
    const ObserveCalls observed(device, calls);
    Allocator& memory = allocator(device);
    memory.reset_peak();
    const int64_t before = memory.stats().used_bytes;
    Step step;
    {
        const Outputs outputs = model.forward(
            inputs, labels,
            {.training = true, .dropout_seed_and_step = seed_and_step, .recompute = recompute});
        step.results = {outputs.loss.to(Device::cpu), outputs.logits.to(Device::cpu)};
        step.names = {"loss", "logits"};
        backward(outputs.loss);
    }
    step.peak = memory.stats().peak_used_bytes - before;
    step.convolutions = calls.forward;
    step.statistics = calls.statistics;
    for (const Parameter& parameter : model.parameters().all()) {
        step.names.push_back(parameter.name);
        step.results.push_back(
            (parameter.trained() ? parameter.value.grad() : parameter.value).to(Device::cpu));
    }
    return step;
}

/// Bottlenecks of which more stand in a row than one chain may hold.
Config deep_config() {
    Config config = test::small_config();
    config.backbone = {Block::bottleneck, {1, 2, 11, 2}, 8, {1, 2, 2, 1}};
    config.size = 32;
    config.dropout = config.head_dropout = 0.3;
    return config;
}

int64_t count_convolutions(const Config& config) {
    int64_t count = 1;  // the stem's
    for (const BlockPlan& block : plan_blocks(config.backbone))
        count += (block.bottleneck ? 3 : 2) + (block.downsample ? 1 : 0);
    return count;
}

void check_same(const Config& config, Device device, DType activations) {
    const Step kept = step_of(config, Recompute::nothing, device, activations);
    const int64_t convolutions = count_convolutions(config);
    const int64_t of_others = config.has_entities() ? 1 : 0;  // SEM's 1×1, which is kept
    CHECK(kept.convolutions == convolutions + of_others);
    for (const Recompute recompute : {Recompute::outputs, Recompute::convolutions}) {
        CAPTURE(static_cast<int>(recompute));
        const Step step = step_of(config, recompute, device, activations);
        REQUIRE(step.results.size() == kept.results.size());
        for (size_t i = 0; i < kept.results.size(); ++i) {
            CAPTURE(kept.names[i]);
            CHECK(test::same_bits(step.results[i], kept.results[i]));
        }
        CHECK(step.statistics == kept.statistics);
        CHECK(step.convolutions ==
              of_others + convolutions * (recompute == Recompute::convolutions ? 2 : 1));
    }
}

}  // namespace

TEST_SUITE("model/recompute") {
    TEST_CASE("gradients, running statistics and dropout have the same bits on a CPU") {
        Config tiny = preset_config("tiny");
        tiny.size = 64;
        tiny.head_dropout = 0.5;
        for (const Config& config : {tiny, deep_config(), test::small_config()})
            check_same(config, Device::cpu, DType::f32);
    }

    TEST_CASE("and on a GPU, with activations of either dtype") {
        for (const DType activations : {DType::f32, DType::bf16})
            check_same(deep_config(), Device::cuda, activations);
    }

    TEST_CASE("dropout draws: without it the results are others") {
        Config config = deep_config();
        const Step with = step_of(config, Recompute::convolutions, Device::cpu, DType::f32);
        config.dropout = config.head_dropout = 0;
        const Step without = step_of(config, Recompute::convolutions, Device::cpu, DType::f32);
        CHECK_FALSE(test::same_bits(with.results[0], without.results[0]));
    }

    TEST_CASE("each form holds less than the one before, where activations are most of it") {
        Config config = deep_config();
        config.size = 96;
        const auto peak = [&](Recompute recompute) {
            return step_of(config, recompute, Device::cpu, DType::f32).peak;
        };
        const int64_t kept = peak(Recompute::nothing), outputs = peak(Recompute::outputs);
        const int64_t convolutions = peak(Recompute::convolutions);
        INFO(kept << " bytes, " << outputs << " and " << convolutions);
        CHECK(static_cast<double>(outputs) < 0.85 * static_cast<double>(kept));
        CHECK(static_cast<double>(convolutions) < 0.6 * static_cast<double>(kept));
    }

    TEST_CASE("a chain of outputs has at most four, and begins anew at a downsample") {
        std::vector<BlockPlan> plan = plan_blocks(deep_config().backbone);
        std::string kept;
        for (const bool is_kept : kept_outputs(plan, 16, Recompute::outputs))
            kept += is_kept ? 'k' : '.';
        //       1.0  layer2  layer3       layer4, the last of all kept
        CHECK(kept == std::string(".") + ".." + "....k....k." + ".k");
        for (const bool is_kept : kept_outputs(plan, 16, Recompute::nothing)) CHECK(is_kept);
    }

    TEST_CASE("no segment of convolutions is larger than the largest block") {
        const Config config = preset_config("paper-ma52");
        const std::vector<BlockPlan> plan = plan_blocks(config.backbone);
        const std::vector<bool> kept = kept_outputs(plan, 56, Recompute::convolutions);
        CHECK(kept.back());
        int64_t side = 56, largest = 0, segment = 0, segments = 0;
        std::vector<int64_t> sizes;
        for (const BlockPlan& block : plan) {
            const BlockNumbers numbers = numbers_of(block, side);
            sizes.push_back(numbers.of_convolutions() + numbers.output);
            largest = std::max(largest, sizes.back());
        }
        CHECK(side == 7);
        // 1×1 and 3×3 to 64, 1×1 to 256, the shortcut's, and the sum, at 56×56.
        CHECK(sizes[0] == 56 * 56 * (64 + 64 + 256 + 256 + 256));
        for (size_t i = 0; i < plan.size(); ++i) {
            segment += sizes[i];
            CHECK(segment <= largest);
            if (!kept[i]) continue;
            segment = 0;
            ++segments;
        }
        CHECK(segments < 12);
    }
}
