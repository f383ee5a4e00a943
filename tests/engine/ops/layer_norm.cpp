#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/float_check.h"
#include "tests/engine/ops/bad_numbers.h"

using namespace mdn;

namespace {

const std::vector<Shape> shapes = {{2, 3, 4, 5}, {1, 2}, {7, 33}, {4}};

std::vector<Tensor> random_inputs(const Shape& shape, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor(shape, 2, DType::f64),
            random.normal_tensor({shape.back()}, 1, DType::f64),
            random.normal_tensor({shape.back()}, 1, DType::f64)};
}

}  // namespace

TEST_SUITE("engine/ops/layer_norm") {
    TEST_CASE("layer_norm equals its definition") {
        const double eps = 0.1;
        for (const Shape& shape : shapes) {
            const std::vector<Tensor> in = random_inputs(shape, 1);
            const Tensor y = layer_norm(in[0], in[1], in[2], eps);
            const int64_t width = shape.back();
            Tensor expected = empty_like(in[0]);
            for (int64_t n = 0; n < in[0].numel() / width; ++n) {
                const double* x = in[0].data<double>() + n * width;
                double mean = 0, square = 0;
                for (int64_t d = 0; d < width; ++d) mean += x[d] / width;
                for (int64_t d = 0; d < width; ++d) square += x[d] * x[d] / width;
                for (int64_t d = 0; d < width; ++d)
                    expected.data<double>()[n * width + d] =
                        in[1].data<double>()[d] * (x[d] - mean) /
                            std::sqrt(square - mean * mean + eps) +
                        in[2].data<double>()[d];
            }
            CHECK(test::relative_error(y, expected) <= 1e-12);
        }
    }

    TEST_CASE("layer_norm gradient") {
        for (const Shape& shape : shapes)
            test::check_gradients([](auto& in) { return layer_norm(in[0], in[1], in[2], 1e-3); },
                                  random_inputs(shape, 2));
    }

    TEST_CASE("layer_norm of a constant row is beta") {
        const Tensor x = Tensor::full({2, 3}, 5), gamma = Tensor::full({3}, 7);
        const Tensor beta = Tensor::from<float>({1, 2, 3}, {3});
        CHECK(layer_norm(x, gamma, beta).to_vector<float>() ==
              std::vector<float>{1, 2, 3, 1, 2, 3});
    }

    TEST_CASE("layer_norm in float, a large mean included") {
        std::vector<Tensor> in = random_inputs({50, 40}, 3);
        test::check_float([](auto& in) { return layer_norm(in[0], in[1], in[2]); }, in);
        for (int64_t i = 0; i < in[0].numel(); ++i) in[0].data<double>()[i] += 1000;
        // Rounding of the mean alone is 1000·2⁻²⁴ = 6e-5 of a deviation of 2.
        test::check_float([](auto& in) { return layer_norm(in[0], in[1], in[2]); }, in, 6e-5);
    }

    TEST_CASE("layer_norm refuses an eps that is not positive and finite") {
        const Tensor x = Tensor::full({2, 3}, 1), three = Tensor::full({3}, 1);
        for (const double eps : test::not_positive_floats)
            CHECK_THROWS_WITH_AS(layer_norm(x, three, three, eps),
                                 doctest::Contains("[layer_norm] eps must be positive and finite"),
                                 Error);
        const Tensor wide = x.to(DType::f64), ones = three.to(DType::f64);
        CHECK_NOTHROW(layer_norm(wide, ones, ones, 1e-50));
        CHECK_THROWS_WITH_AS(layer_norm(wide, ones, ones, -1),
                             "[layer_norm] eps must be positive and finite in f64, not -1", Error);
    }

    TEST_CASE("layer_norm names the shapes that do not fit") {
        const Tensor x = Tensor::full({2, 3}, 1), three = Tensor::full({3}, 1);
        CHECK_THROWS_WITH_AS(layer_norm(x, Tensor::full({2}, 1), three),
                             "[layer_norm] gamma has shape [2], expected [3]", Error);
        CHECK_THROWS_WITH_AS(layer_norm(x, three, Tensor::full({2, 3}, 1)),
                             "[layer_norm] beta has shape [2, 3], expected [3]", Error);
        CHECK_THROWS_WITH_AS(layer_norm(Tensor::full({2, 0}, 1), three, three),
                             "[layer_norm] no last axis in [2, 0]", Error);
    }
}
