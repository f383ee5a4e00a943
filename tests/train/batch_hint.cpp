#include "train/batch_hint.h"

#include <doctest/doctest.h>

#include "engine/allocator.h"
#include "engine/autograd.h"
#include "engine/cuda/conv2d.h"
#include "tests/model/inputs.h"
#include "tests/train/program.h"
#include "train/load_model.h"
#include "train/output/progress.h"

#ifdef MDN_CUDA_EMULATION
#include "tests/cuda_emulation/runtime.h"
#endif

using namespace mdn;
using namespace mdn::test;

namespace {

/// Activations take more than parameters.
Config wide_config() {
    Config config = preset_config("tiny");
    config.frames = 4;
    config.size = 64;
    config.backbone.width = 8;
    config.dim = 32;
    config.head_hidden = 32;
    return config;
}

/// The most that a step, or a forward pass without gradients, holds of the device's memory.
double measured_peak(const Config& config, int64_t clips, Device device, DType activations,
                     bool training) {
    Allocator& memory = allocator(device);
    const int64_t before = memory.stats().used_bytes;
    MicroDualNet model(config, 1, DType::f32, device);
    if (activations == DType::bf16) model.compute_in(activations);
    const test::Batch batch = test::random_batch(config, clips, 1);
    const Inputs inputs = on_device(batch.inputs, device);
    if (training) {
        Optimizer optimizer(model.parameters(), {});
        memory.reset_peak();
        backward(model.forward(inputs, batch.labels.to(device), {.training = true}).loss);
        optimizer.step(1e-3);
    } else {
        const NoGrad no_grad;
        memory.reset_peak();
        model.forward(inputs, Tensor());
    }
    return static_cast<double>(memory.stats().peak_used_bytes - before);
}

#ifdef MDN_CUDA_EMULATION
/// Leaves so many bytes of the emulated GPU's memory free while it lives.
struct FreeMemory {
    explicit FreeMemory(int64_t bytes) {
        allocator(Device::cuda).release_cached();
        emulation::set_free_memory(bytes);
    }
    ~FreeMemory() { emulation::set_memory_limit(int64_t{4} << 30); }
};

std::string hint_of(const BatchWork& batch) {
    try {
        with_batch_hint(batch, [] { throw OutOfMemory("out of memory"); });
    } catch (const OutOfMemory& error) {
        CHECK(std::string(error.what()) == "out of memory");
        return error.hint();
    }
    return "nothing was thrown";
}
#endif

}  // namespace

TEST_SUITE("train/batch_hint") {
    TEST_CASE("the estimates are what a step, and at most what a forward pass, takes on a GPU") {
        set_conv2d_scratch(int64_t{64} << 10);
        for (const DType activations : {DType::f32, DType::bf16}) {
            INFO(to_string(activations));
            const Config config = wide_config();
            constexpr int64_t clips = 2;
            const auto step = static_cast<double>(
                estimate_training_memory(config, clips, OptimizerKind::adamw, activations).peak);
            const double step_took = measured_peak(config, clips, Device::cuda, activations, true);
            INFO("a step: estimate " << step / 1e6 << " MB, measured " << step_took / 1e6 << " MB");
            CHECK(std::abs(step - step_took) <= 0.06 * step_took);
            const auto forward =
                static_cast<double>(estimate_forward_memory(config, clips, activations));
            const double forward_took =
                measured_peak(config, clips, Device::cuda, activations, false);
            INFO("forward: estimate " << forward / 1e6 << " MB, measured " << forward_took / 1e6
                                      << " MB");
            CHECK(forward_took <= 1.01 * forward);  // blocks are rounded up
            CHECK(forward <= 1.6 * forward_took);
        }
        set_conv2d_scratch(int64_t{32} << 20);
    }

    TEST_CASE("a step that should not fit is warned of, with both figures and a batch that fits") {
        const Config config = preset_config("paper-ma52");
        const MachineFlags cpu;
        BatchWork work{
            .config = config, .machine = cpu, .clips = 8, .trained_with = OptimizerKind::adamw};
        const auto peak = [&](int64_t clips) {
            return estimate_training_memory(config, clips, OptimizerKind::adamw).peak;
        };
        CHECK_FALSE(memory_warning(work, 0).has_value());  // not known
        CHECK_FALSE(memory_warning(work, peak(8)).has_value());
        const int64_t room = (int64_t{64} << 20) + (int64_t{8} << 20);
        const int64_t free = (peak(3) + room) / 19 * 20;
        const auto warning = memory_warning(work, free);
        REQUIRE(warning.has_value());
        CHECK(warning->text == "a step of 8 clips takes about " + bytes_text(peak(8)) +
                                   " of memory, but " + bytes_text(free) + " are free");
        CHECK(warning->hint == "--batch 3 should fit");
        BatchWork trained = work;
        trained.offers_recompute = true;
        const int64_t recomputed = estimate_training_memory(config, 8, OptimizerKind::adamw,
                                                            DType::f32, Recompute::convolutions)
                                       .peak;
        const int64_t enough = (recomputed + room) / 19 * 20;
        CHECK(contains(memory_warning(trained, enough)->hint,
                       {"--recompute, which takes more time, or --batch ", " should fit"}));
        trained.recompute = Recompute::convolutions;
        CHECK_FALSE(memory_warning(trained, enough).has_value());
        const auto hopeless = memory_warning(work, int64_t{100} << 20);
        REQUIRE(hopeless.has_value());
        CHECK(contains(hopeless->hint, {"100.0 MiB is too little", "--preset tiny"}));
        CHECK(available_memory(Device::cpu) > 0);
    }

    TEST_CASE(
        "on a CPU, which does not say what it has, advice is of what the command can change") {
        const Config config = preset_config("tiny");
        const MachineFlags cpu;
        const auto hint = [](const BatchWork& batch) {
            try {
                with_batch_hint(batch, [] { throw OutOfMemory("out of memory"); });
            } catch (const OutOfMemory& error) {
                return error.hint();
            }
            return std::string("nothing was thrown");
        };
        BatchWork batch{.config = config, .machine = cpu, .clips = 4};  // eval, a list
        CHECK(hint(batch) == "lower --batch, or close other programs, or take a smaller model");
        batch.trained_with = OptimizerKind::sgd;  // train
        CHECK(contains(hint(batch), {"lower --batch, or ", "such as --preset tiny"}));
        batch.clips = 1;
        CHECK(hint(batch) ==
              "close other programs, or take a smaller model, such as --preset tiny");
        batch.option = "";  // overfit
        CHECK(hint(batch) == "close other programs, or take a smaller model");
        batch.trained_with = std::nullopt;  // predict --clip
        batch.views = 6;
        CHECK(hint(batch) ==
              "average fewer views with --clips and --crops, or close other "
              "programs, or take a smaller model");
        batch.views = 1;
        CHECK(hint(batch) == "close other programs, or take a smaller model");
        batch.clips = 3;  // trace of a file
        CHECK(hint(batch) == "give fewer clips, or close other programs, or take a smaller model");
    }

    TEST_CASE("the engine, which knows no command, gives no advice when memory runs out") {
        try {
            Tensor::empty({int64_t{1} << 50});  // beyond any address space
            FAIL("nothing was thrown");
        } catch (const OutOfMemory& error) {
            CHECK(contains(error.what(), {"out of memory: asked the system for "}));
            CHECK(error.hint() == "");
        }
    }

#ifdef MDN_CUDA_EMULATION
    TEST_CASE("train warns before it starts") {
        SmallProject project;
        const FreeMemory little(int64_t{1} << 20);
        const Ran ran = microdualnet(project.train(project.file("run"), {"--device", "cuda"}));
        INFO(ran.out);
        CHECK(ran.code == 2);
        CHECK(contains(
            ran.out, {"warning: a step of 2 clips takes about ", "1.0 MiB are free\n", "hint: "}));
        // As many clips as there are make the largest step, whatever --batch says.
        CHECK(contains(microdualnet({"train", "--data", project.data, "--config", project.config,
                                     "--out", project.file("more"), "--device", "cuda"})
                           .out,
                       {"warning: a step of 10 clips takes about "}));
    }

    TEST_CASE("the batch that is said to fit is the largest that does by the estimate") {
        const Config config = preset_config("paper-ma52");
        MachineFlags gpu;
        gpu.device = Device::cuda;
        const auto bytes_for = [&](int64_t clips, DType activations) {
            return estimate_training_memory(config, clips, OptimizerKind::sgd, activations).peak;
        };
        const int64_t room = (int64_t{64} << 20) + (int64_t{8} << 20);
        const auto free_for = [&](int64_t bytes) { return (bytes + room) / 19 * 20; };
        const BatchWork train{
            .config = config, .machine = gpu, .clips = 8, .trained_with = OptimizerKind::sgd};
        {
            const FreeMemory some(free_for(bytes_for(3, DType::f32)));
            CHECK(contains(hint_of(train), {"8 clips need about ", "; --batch 3 should fit"}));
            BatchWork of_file = train;
            of_file.option = "";
            CHECK(contains(hint_of(of_file), {"; 3 clips at a time should fit"}));
        }
        {
            const FreeMemory some(free_for(bytes_for(3, DType::bf16)));
            CHECK(contains(hint_of(train), {"; --batch 1 should fit"}));
            gpu.precision = Precision::bf16;
            CHECK(contains(hint_of(train), {"; --batch 3 should fit"}));
            gpu.precision = Precision::f32;
        }
        BatchWork one = train;
        one.clips = 1;
        {
            const FreeMemory some(free_for(bytes_for(1, DType::bf16)));
            CHECK(
                contains(hint_of(one), {"one clip needs about ", "; --precision bf16 should fit"}));
        }
        {
            const FreeMemory little(int64_t{100} << 20);
            CHECK(contains(hint_of(one), {"100.0 MiB is too little for any batch of this model",
                                          "--device cpu"}));
        }
        BatchWork clip{
            .config = config, .machine = gpu, .clips = 1, .views = 6, .option = ""};  // predict
        {
            const FreeMemory some(free_for(estimate_forward_memory(config, 1)));
            const std::string hint = hint_of(clip);
            INFO(hint);
            CHECK(
                contains(hint, {"one clip needs about ", "fewer views with --clips and --crops"}));
            CHECK(!contains(hint, {"batch"}));
            clip.views = 1;
            CHECK(!contains(hint_of(clip), {"views"}));
        }
        BatchWork forward{.config = config, .machine = gpu, .clips = 8, .views = 2};
        {
            const FreeMemory some(free_for(estimate_forward_memory(config, 6)));
            CHECK(contains(hint_of(forward), {"; --batch 3 should fit"}));
        }
    }

    TEST_CASE(
        "every command that runs a model says how much was asked and is free, and what to do") {
        SmallProject project;
        const std::string weights = project.file("run/last.safetensors");
        REQUIRE(microdualnet(project.train(project.file("run"), {"--epochs", "1"})).code == 0);
        const std::vector<std::vector<std::string>> commands = {
            {"train", "--config", project.config, "--data", project.data, "--out",
             project.file("other")},
            {"eval", "--weights", weights, "--data", project.data},
            {"predict", "--weights", weights, "--dataset", project.data, "--clip", "val_0"},
            {"trace", "--weights", weights, "--dataset", project.data, "--clip", "val_0",
             "--output", project.file("trace.safetensors")},
            {"overfit", "--weights", weights, "--dataset", project.data, "--clip", "val_0"},
            {"bench", "--config", project.config}};
        const FreeMemory little(int64_t{16} << 20);
        for (std::vector<std::string> command : commands) {
            INFO(command[0]);
            command.insert(command.end(), {"--device", "cuda"});
            CHECK_MISTAKE(microdualnet(command),
                          {"out of memory: asked the system for 32 MiB while holding 0 MiB",
                           "16 MiB are free", "hint: ", "is too little for this model"});
            if (command[0] == "predict") CHECK(!contains(microdualnet(command).err, {"batch"}));
        }
    }

    TEST_CASE("a batch that does not fit is refused, and the one that is said to fit does") {
        TemporaryFolder folder;
        const std::string config = (folder / "config.json").string();
        write(config, R"({"classes": 3, "frames": 4, "size": 112, "entities": ["face"],
            "backbone": {"block": "basic", "depths": [1,1,1,1], "width": 8, "strides": [1,2,2,1]},
            "roi": 2, "dim": 8, "heads": 2, "layers": 1, "router_hidden": 4, "head_hidden": 8})");
        const auto bench = [&](const std::string& clips) {
            return microdualnet({"bench", "--config", config, "--mode", "forward", "--repeats", "1",
                                 "--device", "cuda", "--clips", clips});
        };
        const FreeMemory some(int64_t{72} << 20);
        const Ran refused = bench("600");
        CHECK_MISTAKE(refused, {"600 clips need about", "MiB are free", "--clips "});
        const size_t at = refused.err.find("--clips ") + 8;
        const std::string fits = refused.err.substr(at, refused.err.find(' ', at) - at);
        INFO("said to fit: " << fits);
        CHECK(bench(fits).code == 0);
    }
#endif
}
