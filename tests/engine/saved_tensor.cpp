#include "engine/saved_tensor.h"

#include <doctest/doctest.h>
#include <functional>

#include "engine/allocator.h"
#include "engine/call_observer.h"
#include "engine/ops.h"
#include "tests/engine/same_bits.h"

using namespace mdn;

namespace {

/// How often each of two kernels is called.
struct CountCalls final : CallObserver {
    int convolutions = 0, sums = 0;
    void begin(const char* kernel, const char*, double, double) override {
        convolutions += std::string(kernel) == "conv2d_forward";
        sums += std::string(kernel) == "channel_affine_forward";
    }
    void end() override {}
};

struct Gradients3 {
    std::vector<Tensor> of;
    int convolutions, sums;
    int64_t held;  // bytes between the two passes
};

constexpr int64_t images = 6, side = 9, channels = 24;

/// Three blocks of two convolutions, the first with a normalised shortcut.
Gradients3 gradients_of(ForBackward of_convolutions, ForBackward of_outputs, Device device) {
    Random random(5);
    std::vector<Tensor> leaves;
    const auto leaf = [&](const Shape& shape, double deviation, double mean = 0) {
        Tensor value = random.normal_tensor(shape, deviation);
        for (int64_t i = 0; i < value.numel(); ++i)
            value.data<float>()[i] += static_cast<float>(mean);
        leaves.push_back(value.to(device));
        leaves.back().set_requires_grad();
        return leaves.back();
    };
    RunningStatistics running{Tensor::zeros({channels}, DType::f32, device),
                              Tensor::full({channels}, 1, DType::f32, device)};
    const auto norm = [&](const Tensor& x) {
        return batch_norm(x, leaf({channels}, 0.2, 1), leaf({channels}, 0.5), running,
                          {.training = true});
    };
    const Tensor input = leaf({images, side, side, channels}, 1);
    const Tensor seed = random.normal_tensor({images, side, side, channels}).to(device);
    CountCalls calls;
    const ObserveCalls observed(device, calls);
    const int64_t before = allocator(device).stats().used_bytes;
    const auto convolution = [&](const auto& x, int64_t kernel, Conv2d options) {
        return norm(
            conv2d(x, leaf({channels, kernel, kernel, channels}, 0.1), options, of_convolutions));
    };
    Tensor y = input;
    for (int block = 0; block < 3; ++block) {
        const Normalized inner = convolution(y, 1, {.shift_frames = 3});
        const Normalized last = convolution(inner, 3, {.pad = 1});
        y = block == 0 ? add_relu(last, convolution(y, 1, {}), of_outputs)
                       : add_relu(last, y, block == 2 ? ForBackward::keep : of_outputs);
    }
    const int64_t held = allocator(device).stats().used_bytes - before;
    backward(y, seed);
    Gradients3 result{
        .of = {}, .convolutions = calls.convolutions, .sums = calls.sums, .held = held};
    for (const Tensor& value : leaves) result.of.push_back(value.grad().to(Device::cpu));
    result.of.push_back(running.mean.to(Device::cpu));
    result.of.push_back(running.var.to(Device::cpu));
    return result;
}

}  // namespace

TEST_SUITE("engine/saved_tensor") {
    TEST_CASE("a recipe is followed once, and again only after its tensor was taken") {
        int times = 0;
        Recipe recipe([&] {
            ++times;
            return Tensor::full({3}, times);
        });
        CHECK(recipe.get().data<float>()[1] == 1);
        CHECK(recipe.get().data<float>()[1] == 1);
        const Tensor taken = recipe.take();
        CHECK(taken.owns_memory_alone());
        CHECK(taken.data<float>()[1] == 1);
        CHECK(recipe.get().data<float>()[1] == 2);
    }

    TEST_CASE("without gradients nothing waits for a backward pass, and no recipe is left") {
        const NoGrad no_grad;
        const Tensor y = Tensor::full({2}, 3);
        const SavedTensor saved(y, ForBackward::recompute, [] { return Tensor(); });
        CHECK(saved.recipe() == nullptr);
        CHECK(saved.get().shares_memory_with(y));
    }

    TEST_CASE("what is computed again gives the same gradients, bit for bit, and is not held") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            constexpr ForBackward keep = ForBackward::keep, again = ForBackward::recompute;
            const Gradients3 kept = gradients_of(keep, keep, device);
            CHECK(kept.convolutions == 7);
            CHECK(kept.sums == 3);
            constexpr int64_t one = images * side * side * channels * int64_t{sizeof(float)};
            for (const auto& [convolutions, outputs] :
                 {std::pair(keep, again), {again, keep}, {again, again}}) {
                const Gradients3 found = gradients_of(convolutions, outputs, device);
                REQUIRE(found.of.size() == kept.of.size());
                for (size_t i = 0; i < kept.of.size(); ++i) {
                    CAPTURE(i);
                    CHECK(test::same_bits(found.of[i], kept.of[i]));
                }
                const bool convolutions_again = convolutions == again;
                CHECK(found.convolutions == (convolutions_again ? 14 : 7));
                CHECK(found.sums == (outputs == again ? 5 : 3));
                const int64_t freed = kept.held - found.held;
                // Of seven convolutions and two outputs; blocks are rounded up to 64 bytes.
                CHECK(std::abs(freed - one * ((convolutions_again ? 7 : 0) +
                                              (outputs == again ? 2 : 0))) < 1024);
            }
        }
    }

    TEST_CASE("the last reader of a tensor frees it before its own work") {
        Random random(6);
        RunningStatistics running{Tensor::zeros({8}), Tensor::full({8}, 1)};
        const Tensor gamma = random.normal_tensor({8}), beta = random.normal_tensor({8});
        Tensor x = random.normal_tensor({4096, 8});
        x.set_requires_grad();
        const Tensor residual = random.normal_tensor({4096, 8});
        Tensor y = add_relu(batch_norm(x, gamma, beta, running, {.training = true}), residual);
        Tensor loss = sum(y);
        y = Tensor();
        Allocator& memory = allocator(Device::cpu);
        memory.reset_peak();
        const int64_t before = memory.stats().used_bytes;
        backward(loss);
        // dy, and dx in the place of y: not y beside them.
        CHECK(memory.stats().peak_used_bytes - before < x.bytes() + x.bytes() / 2);
    }
}
