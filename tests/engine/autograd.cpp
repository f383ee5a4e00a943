#include "engine/autograd.h"

#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// y = 2x whose backward claims `factor`.
Tensor doubled(const Tensor& x, double factor) {
    Tensor y = empty_like(x);
    kernels(x).scale(x, 2, y);
    return record("doubled", y, {x}, [factor](const Tensor& dy) -> Gradients {
        Tensor dx = empty_like(dy);
        kernels(dy).scale(dy, factor, dx);
        return {dx};
    });
}

Tensor leaf(std::vector<double> values) {
    const int64_t count = static_cast<int64_t>(values.size());
    return Tensor::from(values, {count}).set_requires_grad();
}

}  // namespace

TEST_SUITE("engine/autograd") {
    TEST_CASE("the gradient checker accepts a right gradient and catches a planted wrong one") {
        Random random(3);
        const Tensor x = random.normal_tensor({4}, 1, DType::f64);
        auto error_of = [&](double factor) {
            return test::gradient_error([=](auto& in) { return doubled(in[0], factor); }, {x});
        };
        CHECK(error_of(2).relative <= 1e-6);
        CHECK(error_of(2.0001).relative > 1e-6);
        CHECK(error_of(std::nan("")).relative > 1e-6);
        CHECK(error_of(0).smallest_norm == 0);
    }

    TEST_CASE("a tensor used twice collects both gradients, and leaves accumulate") {
        const Tensor x = leaf({1, -2, 3});
        auto loss = [&] { return sum(add(multiply(x, x), add(x, x))); };  // x² + 2x
        backward(loss());
        CHECK(x.grad().to_vector<double>() == std::vector<double>{4, -2, 8});
        backward(loss());
        CHECK(x.grad().to_vector<double>() == std::vector<double>{8, -4, 16});
        x.zero_grad();
        CHECK(!x.grad().defined());
    }

    TEST_CASE("gradients handed to two inputs by one closure do not corrupt each other") {
        const Tensor a = leaf({1}), b = leaf({2});
        const Tensor p = scale(a, 1), q = scale(b, 1), older = scale(p, 10);
        const Tensor y = add(p, q);  // one dy for both, and then a second share for p only
        backward(sum(add(y, older)));
        CHECK(a.grad().item() == 11);
        CHECK(b.grad().item() == 1);
    }

    TEST_CASE("a leaf's gradient is in memory of its own") {
        const Tensor a = leaf({1, 2}), b = leaf({3, 4});
        const Tensor seed = Tensor::from<double>({5, 6}, {2});
        backward(add(a, b), seed);
        CHECK(!a.grad().shares_memory_with(b.grad()));
        CHECK(!a.grad().shares_memory_with(seed));
        backward(a, seed);
        CHECK(a.grad().to_vector<double>() == std::vector<double>{10, 12});
        CHECK(b.grad().to_vector<double>() == std::vector<double>{5, 6});
        CHECK(seed.to_vector<double>() == std::vector<double>{5, 6});
    }

    TEST_CASE("a second backward through a freed graph says so") {
        const Tensor x = leaf({1, 2});
        const Tensor y = sum(multiply(x, x));
        backward(y);
        CHECK_THROWS_WITH_AS(backward(y), doctest::Contains("already freed"), Error);
    }

    TEST_CASE("backward refuses what it cannot do") {
        CHECK_THROWS_WITH_AS(backward(Tensor::full({1}, 1)),
                             doctest::Contains("does not require a gradient"), Error);
        const Tensor y = scale(leaf({1, 2}), 3);
        CHECK_THROWS_WITH_AS(backward(y), doctest::Contains("needs a seed"), Error);
        CHECK_THROWS_WITH_AS(backward(y, Tensor::full({3}, 1, DType::f64)),
                             doctest::Contains("seed's shape [3]"), Error);
    }

    TEST_CASE("NoGrad records nothing") {
        const Tensor x = leaf({1});
        const NoGrad no_grad;
        CHECK(!scale(x, 2).requires_grad());
    }

    TEST_CASE("a chain of 200,000 ops neither backward nor destruction overflows the stack") {
        const Tensor x = leaf({1});
        Tensor y = x;
        for (int i = 0; i < 200000; ++i) y = scale(y, 1);
        backward(y);
        CHECK(x.grad().item() == 1);
        Tensor z = x;  // and one that is dropped without a backward, with captured inputs
        for (int i = 0; i < 200000; ++i) z = multiply(z, x);
    }
}
