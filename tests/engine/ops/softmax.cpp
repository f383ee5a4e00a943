#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/ops/bad_numbers.h"

using namespace mdn;

TEST_SUITE("engine/ops/softmax") {
    TEST_CASE("softmax equals its definition, large inputs included") {
        Random random(1);
        const Tensor x = random.normal_tensor({7, 5}, 300, DType::f64);
        const double temperature = 0.5;
        const Tensor y = softmax(x, temperature);
        for (int64_t n = 0; n < 7; ++n)
            for (int64_t c = 0; c < 5; ++c) {
                double total = 0;  // Σ_j exp((x_j − x_c)/τ) = 1/y_c
                for (int64_t j = 0; j < 5; ++j)
                    total += std::exp((x.data<double>()[n * 5 + j] - x.data<double>()[n * 5 + c]) /
                                      temperature);
                CHECK(y.data<double>()[n * 5 + c] == doctest::Approx(1 / total).epsilon(1e-12));
            }
    }

    TEST_CASE("softmax gradient") {
        Random random(2);
        for (const Shape& shape : {Shape{3, 4}, Shape{1, 2}, Shape{2, 3, 6, 2}})
            test::check_gradients([](auto& in) { return softmax(in[0], 0.7); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("softmax refuses a temperature that is not positive") {
        for (const double temperature : test::not_positive_floats)
            CHECK_THROWS_WITH_AS(softmax(Tensor::full({2, 2}, 1), temperature),
                                 doctest::Contains("[softmax] the temperature"), Error);
    }
}
