#include "engine/profile.h"

#include <doctest/doctest.h>
#include <chrono>
#include <map>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "engine/optim.h"
#include "engine/random.h"

using namespace mdn;

namespace {

constexpr int64_t rows = 37, in = 24, out = 40;

std::map<std::string, KernelFamily> by_name(const KernelProfile& profile) {
    std::map<std::string, KernelFamily> map;
    for (const KernelFamily& family : profile.families) map[family.name] = family;
    CHECK(map.size() == profile.families.size());
    return map;
}

}  // namespace

TEST_SUITE("engine/profile") {
    TEST_CASE("calls, bytes and operations of each family, on every device") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            Random random(1);
            const Tensor x = random.normal_tensor({rows, in}).to(device);
            const Tensor weight = random.normal_tensor({out, in}).to(device);
            const Tensor bias = random.normal_tensor({out}).to(device);
            const Tensor image = random.normal_tensor({2, 9, 9, 4}).to(device);
            const Tensor filter = random.normal_tensor({8, 3, 3, 4}).to(device);
            const KernelProfile profile = profile_kernels(device, [&] {
                const NoGrad no_grad;
                for (int i = 0; i < 2; ++i) linear(x, weight, bias);
                conv2d(image, filter, {.stride = 2, .pad = 1});
                relu(x);
            });
            const auto& families = profile.families;
            auto map = by_name(profile);
            CHECK(map.size() == 4);
            const KernelFamily& products = map.at("linear forward");
            CHECK(products.calls == 2);
            CHECK(products.bytes == 2 * 4.0 * (rows * in + out * in + out + rows * out));
            CHECK(products.operations == 2 * 2.0 * rows * in * out);
            const KernelFamily& convolution = map.at("convolution forward");
            CHECK(convolution.operations == 2.0 * 2 * 5 * 5 * 8 * 3 * 3 * 4);
            CHECK(map.at("elementwise").bytes == 2 * 4.0 * rows * in);
            CHECK(map.at("elementwise").operations == 0);
            CHECK(map.at(between_calls).calls == 0);
            for (const auto& family : families) {
                CHECK(family.seconds >= 0);
                CHECK(family.product_seconds <= family.seconds);
                // A convolution of 3×3 multiplies in a kernel of its own.
                const bool by_cublas = device == Device::cuda && family.name == "linear forward";
                CHECK((family.product_seconds > 0) == by_cublas);
            }
            if (device == Device::cuda) {
                CHECK(products.launches == 2 * 2);  // the product and the bias
                CHECK(convolution.launches == 1);
                CHECK(map.at("elementwise").launches == 1);
            }
            for (size_t i = 1; i < families.size(); ++i)
                CHECK(families[i - 1].seconds >= families[i].seconds);
        }
    }

    TEST_CASE("the bytes of batch norm statistics: the batch, or seven numbers a channel") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            Random random(4);
            const Tensor x = random.normal_tensor({rows, in}).to(device);
            const auto channels = [&] { return random.uniform_tensor({in}, 0.5, 2).to(device); };
            const Tensor gamma = channels(), beta = channels();
            RunningStatistics running{channels(), channels()};
            for (const bool training : {true, false}) {
                auto map = by_name(profile_kernels(device, [&] {
                    const NoGrad no_grad;
                    batch_norm(x, gamma, beta, running, {.training = training});
                }));
                CHECK(map.at("batch norm statistics").bytes ==
                      (training ? 4.0 * rows * in : 7 * 4.0 * in));
            }
        }
    }

    TEST_CASE("what a kernel has others do is counted once, in their family") {
        Random random(2);
        const Tensor x = random.normal_tensor({rows, in}).to(Device::cuda).to(DType::bf16);
        const Tensor weight = random.normal_tensor({out, in}).to(Device::cuda);
        auto map = by_name(profile_kernels(Device::cuda, [&] {
            const NoGrad no_grad;
            linear(x, weight, Tensor());
        }));
        CHECK(map.at("linear forward").launches == 1);
        CHECK(map.at("copies and casts").launches == 1);  // the weight, to bf16
        CHECK(map.at("copies and casts").bytes == (4.0 + 2) * out * in);
    }

    TEST_CASE("all seconds together are those of the whole, and nothing is seen afterwards") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            const Tensor x = Random(3).normal_tensor({400, 400}).to(device);
            const auto begin = std::chrono::steady_clock::now();
            const auto families = profile_kernels(device, [&] {
                                      for (int i = 0; i < 3; ++i) relu(matmul_nt(x, x));
                                  }).families;
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            double seconds = 0;
            for (const KernelFamily& family : families) seconds += family.seconds;
            CHECK(seconds > 0);
            CHECK(seconds <= took.count());
            CHECK(profiling_kernels(device) == nullptr);
            CHECK_THROWS_AS(
                profile_kernels(device, [] { throw Error("something went wrong meanwhile"); }),
                Error);
            CHECK(profiling_kernels(device) == nullptr);
        }
    }

    TEST_CASE("replays count as often as they are run, and as the same calls") {
        for (const Device device : {Device::cpu, Device::cuda}) {
            const Tensor x = Random(3).normal_tensor({100, 100}).to(device);
            int calls = 0;
            const auto work = [&] {
                const NoGrad no_grad;
                relu(matmul_nt(x, x));
                ++calls;
            };
            auto once = by_name(profile_kernels(device, work));
            calls = 0;
            const auto begin = std::chrono::steady_clock::now();
            auto often = by_name(profile_replays(device, work, 5));
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            CHECK(calls == (device == Device::cuda ? 1 : 5));
            CHECK(often.size() == once.size());
            double seconds = 0;
            for (const auto& [name, family] : often) {
                CHECK(family.calls == 5 * once.at(name).calls);
                CHECK(family.launches == 5 * once.at(name).launches);
                CHECK(family.bytes == 5 * once.at(name).bytes);
                CHECK(family.operations == 5 * once.at(name).operations);
                CHECK((family.product_seconds > 0) == (once.at(name).product_seconds > 0));
                seconds += family.seconds;
            }
            CHECK(often.at("elementwise").seconds > 0);
            CHECK(seconds <= took.count());
        }
    }

    TEST_CASE("an update is one launch, whatever the number of parameters") {
        ParameterStore store(DType::f32, Device::cuda);
        Random random(4);
        for (int i = 0; i < 200; ++i)
            store.add(std::to_string(i), random.normal_tensor({1 + i}), Role::weight);
        Optimizer optimizer(store, {.kind = OptimizerKind::sgd});
        for (const Parameter& parameter : store.all())
            autograd_meta(parameter.value)->grad =
                random.normal_tensor(parameter.value.shape()).to(Device::cuda);
        auto map = by_name(profile_kernels(Device::cuda, [&] { optimizer.update(); }));
        CHECK(map.at("optimizer").launches == 2);      // where the gradients are, and the update
        CHECK(map.at("gradient norm").launches == 3);  // squares, their sum, the clipping factor
        CHECK(map.at("optimizer").bytes == 5 * 4.0 * 200 * 201 / 2);
    }

    TEST_CASE("each call counts for the module under way, forward and backward apart") {
        const ModuleName outer = module_name("a"), inner = module_name("a.b");
        for (const Device device : {Device::cpu, Device::cuda}) {
            INFO(to_string(device));
            Random random(5);
            Tensor x = random.normal_tensor({rows, in}).to(device);
            Tensor weight = random.normal_tensor({out, in}).to(device);
            x.set_requires_grad();
            weight.set_requires_grad();
            const KernelProfile profile = profile_kernels(device, [&] {
                Tensor y;
                {
                    const ModuleScope in_outer(outer);
                    {
                        const ModuleScope in_inner(inner);
                        y = linear(x, weight, Tensor());
                    }
                    y = relu(y);
                }
                y = sum(relu(y));
                backward(y);
            });
            std::map<std::pair<std::string, Pass>, ModuleWork> work;
            double module_seconds = 0;
            for (const ModuleWork& each : profile.modules) {
                work[{each.module, each.pass}] = each;
                module_seconds += each.seconds;
            }
            CHECK(work.size() == profile.modules.size());
            CHECK(work.at({"a.b", Pass::forward}).calls == 1);
            CHECK(work.at({"a.b", Pass::forward}).operations == 2.0 * rows * in * out);
            CHECK(work.at({"a.b", Pass::backward}).operations == 2 * 2.0 * rows * in * out);
            CHECK(work.at({"a", Pass::forward}).calls == 1);
            CHECK(work.at({"a", Pass::forward}).bytes == 2 * 4.0 * rows * out);
            CHECK(work.at({"a", Pass::backward}).calls == 1);
            CHECK(work.at({"", Pass::forward}).calls >= 2);  // relu, sum, the seed
            double family_seconds = 0;
            int64_t family_calls = 0, module_calls = 0;
            for (const KernelFamily& family : profile.families) {
                family_calls += family.calls;
                if (family.name != between_calls) family_seconds += family.seconds;
            }
            for (const ModuleWork& each : profile.modules) module_calls += each.calls;
            CHECK(module_calls == family_calls);
            CHECK(module_seconds == doctest::Approx(family_seconds));
        }
    }
}
