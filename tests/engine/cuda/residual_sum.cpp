// What a GPU leaves to the convolutions that read a residual sum, beside the CPU, which does not.
#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

#include "engine/autograd.h"
#include "engine/call_observer.h"
#include "engine/ops.h"
#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

struct Calls final : CallObserver {
    std::map<std::string, int> of;
    void begin(const char* kernel, const char*, double, double) override { ++of[kernel]; }
    void end() override {}
};

/// Leaves of two blocks: y = relu(BN(conv(relu(BN(conv(x))))) + x), or the sum with BN(conv(x)).
struct Leaves {
    Tensor x;
    std::vector<Tensor> weights, gammas, betas;

    explicit Leaves(Random& random) : x(random.normal_tensor({6, 6, 5, 16})) {
        for (const int64_t kernel : {3, 1, 1, 3, 1, 3}) {
            weights.push_back(random.normal_tensor({16, kernel, kernel, 16}, 0.3));
            gammas.push_back(random.uniform_tensor({16}, 0.5, 1.5));
            betas.push_back(random.uniform_tensor({16}, -0.5, 0.5));
        }
    }
    template <class F>
    Leaves each(F&& f) const {
        Leaves other = *this;
        other.x = f(x);
        for (auto* list : {&other.weights, &other.gammas, &other.betas})
            for (Tensor& leaf : *list) leaf = f(leaf);
        return other;
    }
    std::vector<Tensor> all() const {
        std::vector<Tensor> list = {x};
        for (const auto* some : {&weights, &gammas, &betas})
            list.insert(list.end(), some->begin(), some->end());
        return list;
    }
};

Normalized normalized(const Leaves& leaves, size_t i, const Tensor& z) {
    const Tensor& gamma = leaves.gammas[i];
    RunningStatistics running{zeros_like(gamma), zeros_like(gamma)};
    return batch_norm(z, gamma, leaves.betas[i], running, {});
}

/// Three blocks; the second one has a downsample of stride 2, whose 1×1 kernel leaves out pixels.
/// If that is recorded first, it gives the last share of its input's gradient.
Tensor blocks(const Leaves& leaves, bool downsample_first) {
    const auto convolve = [&](size_t i, const auto& x, const Conv2d& options) {
        return normalized(leaves, i, conv2d(x, leaves.weights[i], options));
    };
    Normalized inner = convolve(0, leaves.x, {.stride = 1, .pad = 1});
    const Tensor first = add_relu(convolve(1, inner, {}), leaves.x);
    Normalized shortcut;
    if (downsample_first) shortcut = convolve(4, first, {.stride = 2});
    inner = convolve(2, first, {.stride = 1, .pad = 0, .shift_frames = 3});
    inner = convolve(3, inner, {.stride = 2, .pad = 1});
    if (!downsample_first) shortcut = convolve(4, first, {.stride = 2});
    const Tensor second = add_relu(inner, shortcut);
    return add_relu(convolve(5, second, {.stride = 1, .pad = 1, .shift_frames = 2}), second);
}

}  // namespace

TEST_SUITE("engine/cuda/residual_sum") {
    TEST_CASE("gradients of residual sums, whose masks and sums convolutions take on the way") {
        Random random(1);
        const Leaves numbers(random);
        Tensor seed;
        std::map<std::string, int> calls;
        const auto gradients = [&](Device device, DType activations, bool downsample_first) {
            const Leaves leaves =
                numbers.each([&](const Tensor& x) { return x.to(device).set_requires_grad(); });
            Leaves computed = leaves;
            if (activations == DType::bf16) computed.x = cast(leaves.x, DType::bf16);
            const Tensor y = blocks(computed, downsample_first);
            if (!seed.defined()) seed = random.normal_tensor(y.shape());
            const Tensor dy = seed.to(device);
            Calls observer;
            {
                const ObserveCalls observe(device, observer);
                backward(y, activations == DType::bf16 ? dy.to(activations) : dy);
            }
            calls = observer.of;
            std::vector<Tensor> results;
            for (const Tensor& leaf : leaves.all()) results.push_back(leaf.grad().to(Device::cpu));
            return results;
        };
        const auto check = [&](DType activations, bool downsample_first, double tolerance) {
            CAPTURE(downsample_first);
            const auto expected = gradients(Device::cpu, DType::f32, downsample_first);
            CHECK(calls["conv2d_backward_input_sums"] == 0);
            const auto got = gradients(Device::cuda, activations, downsample_first);
            for (size_t i = 0; i < got.size(); ++i) {
                CAPTURE(i);
                CHECK(test::difference(got[i], expected[i]).norm <= tolerance);
            }
        };
        check(DType::f32, false, 1e-5);
        // Two sums are read by convolutions, and two convolutions read relu(BN(z)). The last sum
        // and the second norm of the one with two are left.
        CHECK(calls["conv2d_backward_input_sums"] == 4);
        CHECK(calls["batch_norm_backward_from_sums"] == 4);
        CHECK(calls["relu_backward"] == 1);
        CHECK(calls["batch_norm_backward"] == 2);
        // With bf16, ReLUs near 0 fall to the other side: this shows that nothing is left out.
        check(DType::bf16, false, 0.15);
        CHECK(calls["conv2d_backward_input_sums"] == 4);
        check(DType::f32, true, 1e-5);
        CHECK(calls["conv2d_backward_input_sums"] == 3);
        CHECK(calls["relu_backward"] == 2);
    }
}
