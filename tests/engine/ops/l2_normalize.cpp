#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/float_check.h"
#include "tests/engine/ops/bad_numbers.h"

using namespace mdn;

namespace {

const std::vector<Shape> shapes = {{2, 3, 4, 5}, {1, 2}, {7, 33}, {4}};

}  // namespace

TEST_SUITE("engine/ops/l2_normalize") {
    TEST_CASE("l2_normalize equals its definition, rows shorter than eps included") {
        Random random(1);
        const double eps = 2;
        for (const Shape& shape : shapes) {
            const int64_t width = shape.back();
            const Tensor x = random.normal_tensor(shape, 1, DType::f64);
            Tensor expected = x.clone();
            for (int64_t n = 0; n < x.numel() / width; ++n) {
                double* row = expected.data<double>() + n * width;
                double squares = 0;
                for (int64_t d = 0; d < width; ++d) squares += row[d] * row[d];
                const double divisor = std::sqrt(squares) > eps ? std::sqrt(squares) : eps;
                for (int64_t d = 0; d < width; ++d) row[d] /= divisor;
            }
            CHECK(test::relative_error(l2_normalize(x, eps), expected) <= 1e-14);
        }
    }

    // The kink at ‖x‖ = eps lies far from every row of the two cases below.
    TEST_CASE("l2_normalize gradient of rows longer than eps") {
        Random random(2);
        for (const Shape& shape : shapes)
            test::check_gradients([](auto& in) { return l2_normalize(in[0], 1e-6); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("l2_normalize gradient of rows shorter than eps, and of both kinds together") {
        Random random(3);
        const auto f = [](auto& in) { return l2_normalize(in[0], 100); };
        Tensor x = random.normal_tensor({6, 5}, 1, DType::f64);
        test::check_gradients(f, {x});
        for (int64_t i = 0; i < 15; ++i) x.data<double>()[i] *= 1000;
        test::check_gradients(f, {x});
        test::check_gradients(f, {random.normal_tensor({3, 1}, 1, DType::f64)});
    }

    TEST_CASE("l2_normalize of a row of zeros is zero, and its gradient finite") {
        const Tensor x = Tensor::zeros({1, 3}).set_requires_grad();
        const Tensor y = l2_normalize(x, 0.5);
        CHECK(y.to_vector<float>() == std::vector<float>{0, 0, 0});
        backward(sum(y));
        CHECK(x.grad().to_vector<float>() == std::vector<float>{2, 2, 2});
    }

    TEST_CASE("l2_normalize in float") {
        Random random(4);
        test::check_float([](auto& in) { return l2_normalize(in[0]); },
                          {random.normal_tensor({300, 70}, 1, DType::f64)});
    }

    TEST_CASE("l2_normalize refuses an eps that is not positive and an empty axis") {
        for (const double eps : test::not_positive_floats)
            CHECK_THROWS_WITH_AS(l2_normalize(Tensor::full({2, 3}, 1), eps),
                                 doctest::Contains("[l2_normalize] eps must be positive"), Error);
        CHECK_THROWS_WITH_AS(l2_normalize(Tensor::full({2, 0}, 1)),
                             "[l2_normalize] no last axis in [2, 0]", Error);
    }
}
