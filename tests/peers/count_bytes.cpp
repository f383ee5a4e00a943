// Counts what a GPU would do in a training step, or in a forward pass of an evaluation, by family
// of kernels, without one: it is recorded on the emulated GPU, and the recording is never replayed,
// so nothing is computed. The calls, their launches and their least bytes are those of `bench
// --profile` (engine/profile.h).
//
//   build/count_bytes [--preset NAME] [--clips N] [--f32] [--forward]
//
// Only one and two clips are recorded: memory for more may be missing, and bytes grow by the same
// amount per clip. Launches are those of two clips, or of one if one is asked for.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "engine/autograd.h"
#include "engine/backend.h"
#include "engine/call_observer.h"
#include "engine/launch_observer.h"
#include "engine/optim.h"
#include "engine/profiling_kernels.h"
#include "model/micro_dualnet.h"
#include "tests/cuda_emulation/runtime.h"

using namespace mdn;

namespace {

struct Work {
    int64_t calls = 0, launches = 0;
    double bytes = 0, operations = 0;
};
using Families = std::map<std::string, Work>;

class Counter final : public CallObserver, public LaunchObserver {
  public:
    Families families;

    void begin(const char*, const char* family, double bytes, double operations) override {
        under_way_.push_back(&families[family]);
        ++under_way_.back()->calls;
        under_way_.back()->bytes += bytes;
        under_way_.back()->operations += operations;
    }
    void end() override { under_way_.pop_back(); }
    void kernel_launched() override {
        if (!under_way_.empty()) ++under_way_.back()->launches;
    }
    void product_begins() override { kernel_launched(); }
    void product_ends() override {}

  private:
    std::vector<Work*> under_way_;
};

/// What a step, or a forward pass, of so many clips gives the device to do.
Families count(MicroDualNet& model, int64_t clips, bool only_forward) {
    constexpr Device device = Device::cuda;
    Optimizer optimizer(model.parameters(), {});
    optimizer.update();  // brings its table up; no parameter has a gradient yet
    // Nothing is computed, so the numbers do not matter.
    const Config& config = model.config();
    const auto zeros = [](const Shape& shape, DType dtype = DType::f32) {
        return Tensor::zeros(shape, dtype, Device::cuda);
    };
    const int64_t frames = config.frames, side = config.size;
    const Inputs inputs{.frames = zeros({clips, frames, side, side, 3}),
                        .boxes = zeros({clips, frames, config.entity_count(), 4})};
    const Tensor labels = zeros({clips}, DType::i64);
    const Tensor seed_and_step = Tensor::zeros({2}, DType::i64, device);
    Counter counter;
    const ObserveCalls observe(device, counter);
    launch_observer = &counter;
    const auto recording = backend(device).record_work([&] {
        if (only_forward) {
            const NoGrad no_grad;
            return static_cast<void>(model.forward(inputs, {}, {}));
        }
        const ForwardOptions options{.training = true, .dropout_seed_and_step = seed_and_step};
        backward(model.forward(inputs, labels, options).loss);
        optimizer.update();
    });
    launch_observer = nullptr;
    model.parameters().zero_grad();
    return counter.families;
}

}  // namespace

int main(int argc, char** argv) try {
    std::string preset = "paper-ma52";
    DType activations = DType::bf16;
    int64_t clips = 8;
    bool only_forward = false;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--f32")
            activations = DType::f32;
        else if (name == "--forward")
            only_forward = true;
        else if (name == "--clips" && i + 1 < argc)
            clips = std::atoll(argv[++i]);
        else if (name == "--preset" && i + 1 < argc)
            preset = argv[++i];
        else
            throw Error("count_bytes takes --preset NAME, --clips N, --f32 and --forward, not " +
                        name);
    }
    emulation::set_memory_limit(int64_t{64} << 30);
    MicroDualNet model(preset_config(preset), 0, DType::f32, Device::cuda);
    model.compute_in(activations);
    const Families one = count(model, 1, only_forward), two = count(model, 2, only_forward);
    std::printf("| family | calls | launches | GB | GFLOP |\n|---|---|---|---|---|\n");
    Work all;
    for (const auto& measured : two) {
        const std::string& family = measured.first;
        const Work &work = measured.second, &single = one.at(family);
        const Work& counted = clips == 1 ? single : work;
        const auto of_all = [&](double Work::*what) {
            const double each = work.*what - single.*what;
            return 1e-9 * (single.*what + static_cast<double>(clips - 1) * each);
        };
        const double bytes = of_all(&Work::bytes), operations = of_all(&Work::operations);
        std::printf("| %s | %lld | %lld | %.3f | %.1f |\n", family.c_str(),
                    static_cast<long long>(counted.calls), static_cast<long long>(counted.launches),
                    bytes, operations);
        all.calls += counted.calls;
        all.launches += counted.launches;
        all.bytes += bytes;
        all.operations += operations;
    }
    std::printf("| all | %lld | %lld | %.3f | %.1f |\n", static_cast<long long>(all.calls),
                static_cast<long long>(all.launches), all.bytes, all.operations);
    return 0;
} catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
}
