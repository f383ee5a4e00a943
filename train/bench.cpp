#include "train/bench.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "engine/autograd.h"
#include "engine/backend.h"
#include "engine/cpu/multiply_adds_saved.h"
#include "engine/kernels.h"
#include "engine/ops.h"
#include "engine/threads.h"
#include "model/pose_encoder.h"
#include "train/load_model.h"
#include "train/output/profile_trace.h"
#include "train/output/progress.h"
#include "train/recorded_work.h"
#include "train/training_step.h"

namespace mdn {

namespace {

/// Boxes inside the image, of sides of at least 1/16 of it.
Tensor random_boxes(const Shape& shape, double size, Random& random) {
    const Tensor boxes = Tensor::empty(shape);
    float* const begin = boxes.data<float>();
    for (float* box = begin; box != begin + boxes.numel(); box += 4)
        for (int axis = 0; axis < 2; ++axis) {
            const double low = random.uniform(0, 15.0 / 16);
            box[axis] = static_cast<float>(size * low);
            box[axis + 2] = static_cast<float>(size * random.uniform(low + 1.0 / 16, 1));
        }
    return boxes;
}

}  // namespace

TraceInput random_input(const Config& config, int64_t clips, uint64_t seed) {
    Random random(seed);
    const int64_t T = config.frames, S = config.size, K = config.entity_count();
    TraceInput input{.inputs = {}, .labels = Tensor::empty({clips}, DType::i64)};
    if (config.has_frames()) {
        input.inputs.frames = random.normal_tensor({clips, T, S, S, 3});
        input.inputs.boxes = random_boxes({clips, T, K, 4}, static_cast<double>(S), random);
    } else {
        input.inputs.joints = random.normal_tensor({clips, T, K, joints_per_entity, 3});
    }
    for (int64_t b = 0; b < clips; ++b)
        input.labels.data<int64_t>()[b] = random.below(config.classes);
    return input;
}

namespace {

/// One piece of work, set up once, to be done again and again.
using Work = std::function<void()>;

/// Seconds that work() takes by the device's own clock.
double time_of(Device device, const Work& work) {
    const auto clock = backend(device).make_clock();
    clock->mark();
    work();
    clock->mark();
    return clock->seconds().front();
}

Work forward_pass(MicroDualNet& model, const TraceInput& input, const BenchOptions& options) {
    const Device device = model.parameters().device();
    const auto recorded = std::make_shared<RecordedWork>(device, options.record);
    return [&model, inputs = on_device(input.inputs, device), recorded] {
        recorded->run([&] {
            const NoGrad no_grad;
            model.forward(inputs, Tensor());
        });
    };
}

/// As a run trains: the next batch comes up while the step is under way.
Work training_step(MicroDualNet& model, const TraceInput& input, const BenchOptions& options) {
    const auto optimizer = std::make_shared<Optimizer>(model.parameters(),
                                                       OptimizerOptions{.kind = options.optimizer});
    const auto step =
        std::make_shared<TrainingStep>(model, *optimizer, options.record, 0, options.recompute);
    const auto bring = [=] {
        step->bring({.inputs = input.inputs,
                     .labels = input.labels,
                     .step = optimizer->steps(),
                     .learning_rate = 1e-3});
    };
    bring();
    return [=] {
        step->start();
        bring();
        step->finish();
    };
}

Work head_pass(MicroDualNet& model, const TraceInput& input, const BenchOptions& options) {
    const Device device = model.parameters().device();
    const Inputs inputs = on_device(input.inputs, device);
    const Tensor labels = on_device(input.labels, device);
    Tensor features;
    {
        const NoGrad no_grad;
        features = model.forward(inputs, Tensor()).features;
        features = cast(features, model.parameters().dtype());
    }
    features.set_requires_grad();
    // The gradients that a recording writes live as long as the parameters keep them.
    const auto recorded = std::make_shared<RecordedWork>(device, options.record);
    return [&model, features, boxes = inputs.boxes, labels, recorded,
            seed_and_step = Tensor::zeros({2}, DType::i64, device)] {
        recorded->run([&] {
            model.parameters().zero_grad();
            features.zero_grad();
            backward(model
                         .head(features, boxes, labels,
                               {.training = true, .dropout_seed_and_step = seed_and_step})
                         .loss);
        });
    };
}

/// What the GPU does in a step, without the bringing of batches: what can be recorded whole.
Work step_on_device(MicroDualNet& model, const TraceInput& input, const BenchOptions& options) {
    const Device device = model.parameters().device();
    const auto optimizer = std::make_shared<Optimizer>(model.parameters(),
                                                       OptimizerOptions{.kind = options.optimizer});
    optimizer->schedule().copy_from(Optimizer::schedule_for(1e-3));
    return [&model, optimizer, inputs = on_device(input.inputs, device),
            labels = on_device(input.labels, device),
            seed_and_step = Tensor::zeros({2}, DType::i64, device), recompute = options.recompute] {
        model.parameters().zero_grad();
        backward(model
                     .forward(inputs, labels,
                              {.training = true,
                               .dropout_seed_and_step = seed_and_step,
                               .recompute = recompute})
                     .loss);
        optimizer->update();
    };
}

Work work_of(MicroDualNet& model, const TraceInput& input, const BenchOptions& options) {
    return options.mode == BenchMode::forward ? forward_pass(model, input, options)
           : options.mode == BenchMode::train ? training_step(model, input, options)
                                              : head_pass(model, input, options);
}

}  // namespace

TimedRuns time_model(MicroDualNet& model, const TraceInput& input, const BenchOptions& options,
                     const ProfileTraceFlags& trace) {
    const Work work = work_of(model, input, options);
    const Device device = model.parameters().device();
    // What is recorded is so at the third.
    const int warm_up = device == Device::cuda ? 4 : 1;
    for (int i = 0; i < warm_up; ++i) work();
    backend(device).synchronize();
    TimedRuns runs;
    const int64_t saved_before = multiply_adds_saved();
    ProfileTrace recording(trace.file, trace.steps, device);
    for (int64_t i = 0; i < options.repeats; ++i) {
        runs.seconds.push_back(time_of(device, work));
        recording.step_done();
    }
    recording.finish();
    runs.saved_operations = 2.0 * static_cast<double>(multiply_adds_saved() - saved_before) /
                            static_cast<double>(options.repeats);
    return runs;
}

KernelProfile profile_model(MicroDualNet& model, const TraceInput& input,
                            const BenchOptions& options) {
    BenchOptions called = options;
    called.record = false;  // the work itself: it is the profile that records
    const Work work = options.mode == BenchMode::train ? step_on_device(model, input, called)
                                                       : work_of(model, input, called);
    for (int warm_up = 0; warm_up < 2; ++warm_up) work();
    const Device device = model.parameters().device();
    backend(device).synchronize();
    if (options.record) return profile_replays(device, work, options.repeats);
    return profile_kernels(device, [&] {
        for (int64_t i = 0; i < options.repeats; ++i) work();
    });
}

namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
typedef float Vector __attribute__((vector_size(vector_bytes)));

/// So many multiply-adds that do not wait for each other hide the latency of one. Two more
/// registers hold the factor and the term; without AVX-512, x86 has 16.
#if defined(__x86_64__) && !defined(__AVX512F__)
constexpr int chains = 10;
#else
constexpr int chains = 16;
#endif

}  // namespace

std::vector<float> multiply_add_chains(int64_t rounds) {
    Vector sums[chains], factor = Vector{} + 0.999f, term = Vector{} + 1e-3f;
    // Each begins with another number, none with 1, which stays 1: compilers compute equal chains
    // once, and those that stay not at all.
    for (int chain = 0; chain < chains; ++chain)
        sums[chain] = Vector{} + static_cast<float>(chain + 2);
    for (int64_t i = 0; i < rounds; ++i)
        for (Vector& sum : sums) sum = sum * factor + term;
    std::vector<float> results;
    for (const Vector& sum : sums) results.push_back(sum[0]);
    return results;
}

namespace {

/// The most of several runs of `work`, which does `amount`, in billions a second.
double best_rate(Device device, double amount, const Work& work) {
    double best = 0;
    for (int run = 0; run < 7; ++run) best = std::max(best, amount / time_of(device, work) * 1e-9);
    return best;
}

}  // namespace

double measure_fma_peak() {
    constexpr int64_t rounds = 500'000;
    const double operations =
        2.0 * chains * (vector_bytes / 4) * rounds * static_cast<double>(threads());
    std::atomic<float> sink = 0;  // written by every share
    return best_rate(Device::cpu, operations, [&] {
        run_shares(threads(), [&](int64_t) { sink = multiply_add_chains(rounds).back(); });
    });
}

double measure_gemm_peak(Device device, DType activations) {
    struct Product {
        Tensor a, b, c;
        Product(int64_t n, Device device, DType dtype) {
            Random random(1);
            const auto factor = [&] {
                // The same numbers again and again: to draw as many anew would take seconds.
                const std::vector<float> drawn =
                    random.normal_tensor({std::min<int64_t>(n * n, 1 << 20)}).to_vector<float>();
                const Tensor host = Tensor::empty({n, n});
                for (int64_t i = 0; i < n * n; i += std::ssize(drawn))
                    std::copy_n(drawn.begin(), std::min<int64_t>(n * n - i, std::ssize(drawn)),
                                host.data<float>() + i);
                const Tensor x = host.to(device);
                return x.dtype() == dtype ? x : x.to(dtype);
            };
            a = factor();
            b = factor();
            c = empty_like(a);
        }
        void operator()() { kernels(a).matmul(a, false, b, false, 1, c); }
    };
    const auto gflops = [&](int64_t n) {
        Product product(n, device, activations);
        product();
        const auto side = static_cast<double>(n);
        return best_rate(device, 2 * side * side * side, [&] { product(); });
    };
    // A GPU needs a large product to be busy.
    double best = gflops(1024);
    if (device == Device::cpu) return best;
    for (int64_t n = 2048; n <= 8192 && best > 1000; n *= 2) best = std::max(best, gflops(n));
    return best;
}

double measure_copy_bandwidth(Device device) {
    const auto rate = [&](int64_t bytes) {
        const Tensor from = Tensor::zeros({bytes}, DType::u8, device);
        const Tensor to = Tensor::zeros({bytes}, DType::u8, device);
        to.copy_from(from);
        return best_rate(device, 2.0 * static_cast<double>(bytes), [&] { to.copy_from(from); });
    };
    // Beyond any cache, but no more than a slow machine can do at once.
    const double some = rate(int64_t{64} << 20);
    return some > 100 ? rate(int64_t{1} << 30) : some;
}

int64_t peak_resident_bytes() {
    // Not getrusage(): its peak includes what the process was before it became this program.
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::stoll(line.substr(6)) * 1024;  // in KiB
    throw std::runtime_error("/proc/self/status does not give this process's peak memory (VmHWM)");
}

}  // namespace mdn
