#include <doctest/doctest.h>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/gelu") {
    TEST_CASE("gelu equals its definition") {
        Random random(1);
        const Tensor x = random.normal_tensor({3, 7, 5}, 2, DType::f64), y = gelu(x);
        for (int64_t i = 0; i < x.numel(); ++i) {
            const double u = x.data<double>()[i];
            CHECK(y.data<double>()[i] ==
                  doctest::Approx(u * 0.5 * std::erfc(-u / std::sqrt(2.0))).epsilon(1e-12));
        }
    }

    TEST_CASE("gelu gradient") {
        Random random(2);
        for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{2, 3, 1, 9}})
            test::check_gradients([](auto& in) { return gelu(in[0]); },
                                  {random.normal_tensor(shape, 2, DType::f64)});
    }

    TEST_CASE("gelu in float is exact to rounding from tail to tail") {
        // In units of one ulp of x: erf, 1 + erf and the product each round (libm itself gives
        // 0.9).
        const int64_t count = 400001;
        std::vector<float> values(count);
        for (int64_t i = 0; i < count; ++i) values[i] = -20 + 40 * static_cast<float>(i) / count;
        const Tensor x = Tensor::from(values, {count}).set_requires_grad();
        const Tensor x64 = x.to(DType::f64).set_requires_grad();
        const Tensor y = gelu(x), y64 = gelu(x64);
        backward(y, Tensor::full({count}, 1));
        backward(y64, Tensor::full({count}, 1, DType::f64));
        double worst = 0, worst_gradient = 0;
        for (int64_t i = 0; i < count; ++i) {
            const double ulp = std::numeric_limits<float>::epsilon() * std::abs(values[i]);
            worst = std::max(worst, std::abs(y.data<float>()[i] - y64.data<double>()[i]) / ulp);
            worst_gradient = std::max(
                worst_gradient, std::abs(x.grad().data<float>()[i] - x64.grad().data<double>()[i]) /
                                    std::numeric_limits<float>::epsilon());
        }
        CHECK(worst <= 1.5);
        CHECK(worst_gradient <= 2);  // of values up to 1.13
    }

    TEST_CASE("gelu of what is no ordinary number") {
        const float infinity = std::numeric_limits<float>::infinity();
        const Tensor y = gelu(Tensor::from<float>({0, -0.0f, infinity, NAN, 1e30f, -1e30f}, {6}));
        const float* out = y.data<float>();
        CHECK(out[0] == 0);
        CHECK(out[1] == 0);
        CHECK(out[2] == infinity);
        CHECK(std::isnan(out[3]));
        CHECK(out[4] == 1e30f);
        CHECK(out[5] == 0);
    }

    TEST_CASE("gelu and its gradient at the ends of the numbers, in both precisions") {
        const double infinity = std::numeric_limits<double>::infinity(), large = 3e38;
        for (const DType dtype : {DType::f32, DType::f64}) {
            CAPTURE(to_string(dtype));
            // Each number in the vectors' loop and beside it.
            std::vector<double> ends;
            for (const double x : {infinity, -infinity, large, -large, 1e19, -1e19, 40.0, -40.0})
                ends.insert(ends.end(), 17, x);
            const auto count = static_cast<int64_t>(ends.size());
            const Tensor x = Tensor::from(ends, {count}).to(dtype).set_requires_grad();
            const Tensor y = gelu(x);
            backward(y, Tensor::full({count}, 1, dtype));
            const auto value = y.to(DType::f64).to_vector<double>();
            const auto gradient = x.grad().to(DType::f64).to_vector<double>();
            for (size_t i = 0; i < ends.size(); ++i) {
                CAPTURE(ends[i]);
                if (ends[i] == -infinity) {
                    CHECK(std::isnan(value[i]));
                } else if (ends[i] > 0) {
                    CHECK(value[i] ==
                          (dtype == DType::f32 ? static_cast<float>(ends[i]) : ends[i]));
                } else {
                    CHECK(std::abs(value[i]) <= 1e-300);
                }
                if (std::isinf(ends[i]))
                    CHECK(std::isnan(gradient[i]));
                else
                    CHECK(std::abs(gradient[i] - (ends[i] > 0 ? 1 : 0)) <= 1e-300);
            }
        }
    }

    TEST_CASE("gelu in float") {
        Random random(3);
        test::check_float([](auto& in) { return gelu(in[0]); },
                          {random.normal_tensor({3, 33}, 1, DType::f64)});
    }

    TEST_CASE("gelu refuses integers") {
        CHECK_THROWS_WITH_AS(gelu(Tensor::full({2}, 1, DType::i64)),
                             "[gelu] x must be f32, f64 or bf16, not i64", Error);
    }
}
