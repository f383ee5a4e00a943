#include "engine/parameters.h"

#include <doctest/doctest.h>
#include <cmath>
#include <stdexcept>

#include "engine/autograd.h"
#include "engine/ops.h"

using namespace mdn;

namespace {

/// 0, 1, 2, …, so that every element shows where it went.
Tensor counting(const Shape& shape) {
    const Tensor x = Tensor::empty(shape);
    for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = static_cast<float>(i);
    return x;
}

double deviation(const Tensor& x) {
    double squares = 0;
    for (float v : x.to_vector<float>()) squares += double{v} * v;
    return std::sqrt(squares / static_cast<double>(x.numel()));
}

}  // namespace

TEST_SUITE("engine/parameters") {
    TEST_CASE("a convolution's weight goes from [O,kh,kw,I] to PyTorch's [O,I,kh,kw] and back") {
        ParameterStore store;
        const Tensor value = store.add("w", counting({2, 3, 5, 4}), Role::weight, DiskLayout::conv);
        const Parameter& parameter = store.all()[0];
        CHECK(parameter.disk_shape() == Shape{2, 4, 3, 5});
        const Tensor disk = parameter.to_disk(value);
        CHECK(disk.shape() == Shape{2, 4, 3, 5});
        for (int64_t o = 0; o < 2; ++o)
            for (int64_t i = 0; i < 4; ++i)
                for (int64_t y = 0; y < 3; ++y)
                    for (int64_t x = 0; x < 5; ++x)
                        CHECK(disk.data<float>()[((o * 4 + i) * 3 + y) * 5 + x] ==
                              value.data<float>()[((o * 3 + y) * 5 + x) * 4 + i]);
        const std::vector<float> original = value.to_vector<float>();
        value.copy_from(zeros_like(value));
        parameter.load_disk(disk);
        CHECK(value.to_vector<float>() == original);
        CHECK(value.requires_grad());
    }

    TEST_CASE(
        "products with bf16 activations read the copies of the weights that the store keeps") {
        ParameterStore store(DType::f32, Device::cuda);
        Random random(4);
        const Tensor weight = store.add("w", random.normal_tensor({3, 5}), Role::weight);
        const Tensor bias = store.add("b", random.normal_tensor({3}), Role::bias);
        const Tensor depthwise =
            store.add("d", random.normal_tensor({3, 3, 4}), Role::weight, DiskLayout::depthwise);
        const Tensor x = random.normal_tensor({7, 5}).to(Device::cuda).to(DType::bf16);
        const auto product = [&] {
            return linear(x, weight, {}).to(DType::f32).to_vector<float>();
        };
        const std::vector<float> without_copy = product();
        store.round_weights();
        CHECK(product() == without_copy);
        CHECK_FALSE(rounded_copy_of(bias).defined());
        CHECK_FALSE(rounded_copy_of(depthwise).defined());
        // It is the copy that is read, and it follows the weight when it is told to.
        const Tensor copy = rounded_copy_of(weight);
        weight.copy_from(random.normal_tensor({3, 5}));
        CHECK(product() == without_copy);
        store.round_weights();
        CHECK(rounded_copy_of(weight).shares_memory_with(copy));
        CHECK(product() != without_copy);
        CHECK(product() == linear(x, weight.clone(), {}).to(DType::f32).to_vector<float>());
    }

    TEST_CASE("evaluation reads of a batch norm what the store worked out last") {
        Random random(5);
        for (const Device device : {Device::cpu, Device::cuda}) {
            CAPTURE(to_string(device));
            ParameterStore store(DType::f32, device);
            const Scope scope(store, random);
            const Tensor gamma = scope.norm_scale("weight", 3), beta = scope.norm_shift("bias", 3);
            RunningStatistics running = scope.running_statistics(3);
            const FoldedBatchNorm kept = scope.keep_folded(gamma, beta, running);
            const Tensor x = random.normal_tensor({7, 3}).to(device);
            const auto answer = [&](const FoldedBatchNorm& folded) {
                return normalize(batch_norm(x, gamma, beta, running, {.training = false}, folded))
                    .to_vector<float>();
            };
            CHECK(kept.defined() == (device == Device::cuda));
            store.fold_batch_norms();
            if (device == Device::cuda)
                CHECK_THROWS_AS(
                    batch_norm(x, gamma, beta, running, {.eps = 1e-3, .training = false}, kept),
                    Error);
            std::vector<float> before = answer(kept);
            for (const Tensor& changed : {running.mean, running.var, gamma, beta}) {
                changed.copy_from(random.uniform_tensor({3}, 0.5, 2));
                if (device == Device::cuda) CHECK(answer(kept) == before);
                store.fold_batch_norms();
                const std::vector<float> now = answer({});
                CHECK(now != before);
                CHECK(answer(kept) == now);
                before = now;
            }
        }
    }

    TEST_CASE("a depthwise weight goes from [kh,kw,C] to [C,1,kh,kw] and back") {
        ParameterStore store;
        const Tensor value =
            store.add("w", counting({2, 3, 4}), Role::weight, DiskLayout::depthwise);
        const Parameter& parameter = store.all()[0];
        CHECK(parameter.disk_shape() == Shape{4, 1, 2, 3});
        const Tensor disk = parameter.to_disk(value);
        for (int64_t c = 0; c < 4; ++c)
            for (int64_t y = 0; y < 2; ++y)
                for (int64_t x = 0; x < 3; ++x)
                    CHECK(disk.data<float>()[(c * 2 + y) * 3 + x] ==
                          value.data<float>()[(y * 3 + x) * 4 + c]);
        const std::vector<float> original = value.to_vector<float>();
        value.copy_from(zeros_like(value));
        parameter.load_disk(disk);
        CHECK(value.to_vector<float>() == original);
    }

    TEST_CASE("other tensors keep their layout; what goes to disk shares no memory") {
        ParameterStore store;
        const Tensor value = store.add("w", counting({2, 3}), Role::weight);
        const Tensor disk = store.all()[0].to_disk(value);
        CHECK(disk.to_vector<float>() == value.to_vector<float>());
        CHECK(!disk.shares_memory_with(value));
    }

    TEST_CASE("stored values of the other floating dtype are cast") {
        ParameterStore single, twofold(DType::f64);
        const Tensor a = single.add("w", counting({2, 3, 3, 4}), Role::weight, DiskLayout::conv);
        const Tensor b = twofold.add("w", counting({2, 3, 3, 4}), Role::weight, DiskLayout::conv);
        CHECK(a.dtype() == DType::f32);
        CHECK(b.dtype() == DType::f64);
        CHECK(b.to(DType::f32).to_vector<float>() == a.to_vector<float>());
        const Tensor stored = twofold.all()[0].to_disk(b);
        a.copy_from(zeros_like(a));
        single.all()[0].load_disk(stored);
        CHECK(a.to_vector<float>() == b.to(DType::f32).to_vector<float>());
    }

    TEST_CASE("what does not fit is named and changes nothing") {
        ParameterStore store;
        const Tensor value = store.add("layer1.0.conv1.weight", counting({2, 3, 3, 4}),
                                       Role::weight, DiskLayout::conv);
        const std::vector<float> original = value.to_vector<float>();
        // The memory's own shape is not the disk's.
        CHECK_THROWS_WITH_AS(store.all()[0].load_disk(value.clone()),
                             "layer1.0.conv1.weight has shape [2, 3, 3, 4], expected [2, 4, 3, 3]",
                             Error);
        CHECK_THROWS_WITH_AS(store.all()[0].load_disk(Tensor::zeros({2, 4, 3, 3}, DType::i64)),
                             "layer1.0.conv1.weight is stored as i64, expected a floating dtype",
                             Error);
        CHECK(value.to_vector<float>() == original);
    }

    TEST_CASE("names are unique and found again") {
        ParameterStore store;
        const Tensor a = store.add("a", counting({2}), Role::bias);
        store.add("b", counting({3}), Role::bias);
        CHECK_THROWS_AS(store.add("a", counting({2}), Role::bias), std::logic_error);
        CHECK(store.all().size() == 2);
        CHECK(store.find("a")->value.shares_memory_with(a));
        CHECK(store.find("c") == nullptr);
    }

    TEST_CASE("buffers are not trained, and only weights decay") {
        ParameterStore store;
        for (const Role role :
             {Role::weight, Role::bias, Role::norm, Role::embedding, Role::buffer})
            store.add(std::to_string(static_cast<int>(role)), counting({5}), role);
        for (const Parameter& parameter : store.all()) {
            CHECK(parameter.trained() == (parameter.role != Role::buffer));
            CHECK(parameter.value.requires_grad() == parameter.trained());
            CHECK(parameter.decays() == (parameter.role == Role::weight));
        }
        CHECK(store.trained_count() == 20);
    }

    TEST_CASE("a store owns its values and drops all gradients at once") {
        ParameterStore store;
        const Tensor initial = counting({3}), value = store.add("a", initial, Role::weight);
        CHECK(!value.shares_memory_with(initial));
        backward(value, counting({3}));
        CHECK(store.all()[0].value.grad().to_vector<float>() == std::vector<float>{0, 1, 2});
        store.zero_grad();
        CHECK(!value.grad().defined());
    }

    TEST_CASE("a tensor that nobody else holds is taken over, and is not copied") {
        ParameterStore store;
        Tensor initial = counting({3});
        const void* const memory = initial.raw();
        CHECK(store.add("taken over", std::move(initial), Role::weight).raw() == memory);
        const Tensor view = counting({3});
        CHECK(store.add("viewed", view.view({1, 3}), Role::weight).raw() != view.raw());
    }

    TEST_CASE("without a generator nothing is drawn, and the rest is as with one") {
        ParameterStore drawn, empty;
        Random random(5);
        for (const Scope& scope : {Scope(drawn, random), Scope(empty, nullptr)}) {
            const Scope inner = scope / "inner";
            inner.conv("conv", 6, 3, 4);
            inner.depthwise("depthwise", 3, 5);
            inner.linear("linear", {4, 7});
            inner.embedding("embedding", {2, 3});
            inner.bias("bias", {4});
            inner.norm_scale("scale", 3);
            inner.norm_shift("shift", 3);
            inner.running_statistics(3);
        }
        CHECK(Random(5).bits() != random.bits());
        REQUIRE(empty.all().size() == drawn.all().size());
        for (size_t i = 0; i < drawn.all().size(); ++i) {
            const Parameter &one = drawn.all()[i], &other = empty.all()[i];
            CHECK(other.name == one.name);
            CHECK(other.role == one.role);
            CHECK(other.disk_shape() == one.disk_shape());
            if (one.role == Role::weight || one.role == Role::embedding)
                other.load_disk(one.to_disk(one.value));
            CHECK(other.value.to_vector<float>() == one.value.to_vector<float>());
            CHECK(other.value.requires_grad() == one.trained());
        }
    }

    TEST_CASE("scopes build dotted names, layouts and initial values") {
        ParameterStore store;
        Random random(3);
        const Scope scope = Scope(store, random) / "backbone" / "layer1";
        const Tensor conv = scope.conv("conv1.weight", 64, 3, 32);
        const Tensor depthwise = scope.depthwise("depthwise.weight", 3, 512);
        const Tensor linear = scope.linear("fc.weight", {4, 60, 40});
        const Tensor tenth = scope.linear("tenth.weight", {60, 40}, 0.1);
        const Tensor embedding = scope.embedding("embedding", {50, 40});
        scope.bias("bias", {4, 60});
        const Scope bn = scope / "bn";
        bn.norm_scale("weight", 8);
        bn.norm_shift("bias", 8);
        bn.running_statistics(8);

        CHECK(store.all()[0].name == "backbone.layer1.conv1.weight");
        CHECK(store.all()[0].disk_shape() == Shape{64, 32, 3, 3});
        CHECK(store.find("backbone.layer1.depthwise.weight")->disk_shape() == Shape{512, 1, 3, 3});
        CHECK(store.find("backbone.layer1.bias")->value.shape() == Shape{4, 60});
        for (const auto& [name, value] : {std::pair{"mean", 0}, {"var", 1}}) {
            const Parameter* running =
                store.find(std::string("backbone.layer1.bn.running_") + name);
            REQUIRE(running);
            CHECK(running->role == Role::buffer);
            CHECK(running->value.to_vector<float>() == std::vector<float>(8, value));
        }
        CHECK(store.find("backbone.layer1.bn.weight")->role == Role::norm);
        CHECK(store.find("backbone.layer1.bn.weight")->value.to_vector<float>()[7] == 1);
        CHECK(store.find("backbone.layer1.bn.bias")->value.to_vector<float>()[7] == 0);
        CHECK(store.find("backbone.layer1.embedding")->role == Role::embedding);

        CHECK(deviation(conv) == doctest::Approx(std::sqrt(2.0 / (64 * 9))).epsilon(0.05));
        CHECK(deviation(depthwise) == doctest::Approx(std::sqrt(2.0 / 9)).epsilon(0.05));
        CHECK(deviation(embedding) == doctest::Approx(0.02).epsilon(0.1));
        const double bound = std::sqrt(6.0 / 100);
        CHECK(deviation(linear) == doctest::Approx(bound / std::sqrt(3.0)).epsilon(0.05));
        for (float w : linear.to_vector<float>()) REQUIRE(std::abs(w) <= bound);
        CHECK(deviation(tenth) == doctest::Approx(0.1 * bound / std::sqrt(3.0)).epsilon(0.05));
    }
}
