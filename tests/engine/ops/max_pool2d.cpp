#include <doctest/doctest.h>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// Distinct values a whole step apart, in random order: no tie and no kink within a difference
/// quotient.
Tensor distinct(Random& random, const Shape& shape) {
    Tensor x = Tensor::empty(shape, DType::f64);
    double* values = x.data<double>();
    for (int64_t i = 0; i < x.numel(); ++i) {
        values[i] = 0.1 * static_cast<double>(i) - 0.05 * static_cast<double>(x.numel());
        std::swap(values[i], values[random.below(i + 1)]);
    }
    return x;
}

Tensor plain_max_pool(const Tensor& x, const Pool2d& o) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    const int64_t out_height = (height + 2 * o.pad - o.kernel) / o.stride + 1;
    const int64_t out_width = (width + 2 * o.pad - o.kernel) / o.stride + 1;
    std::vector<double> y;
    for (int64_t n = 0; n < x.dim(0); ++n)
        for (int64_t oy = 0; oy < out_height; ++oy)
            for (int64_t ox = 0; ox < out_width; ++ox)
                for (int64_t c = 0; c < channels; ++c) {
                    double best = -std::numeric_limits<double>::infinity();
                    for (int64_t iy = oy * o.stride - o.pad; iy < oy * o.stride - o.pad + o.kernel;
                         ++iy)
                        for (int64_t ix = ox * o.stride - o.pad;
                             ix < ox * o.stride - o.pad + o.kernel; ++ix)
                            if (iy >= 0 && iy < height && ix >= 0 && ix < width)
                                best = std::max(
                                    best,
                                    x.data<double>()[((n * height + iy) * width + ix) * channels +
                                                     c]);
                    y.push_back(best);
                }
    return Tensor::from(y, {x.dim(0), out_height, out_width, channels});
}

struct Case {
    Shape shape;
    Pool2d options;
};

const Pool2d stem = {.kernel = 3, .stride = 2, .pad = 1};
// The stem on even, odd and degenerate maps; more channels than one block; windows that overlap,
// touch or leave gaps.
const std::vector<Case> cases = {{{2, 8, 8, 5}, stem},      {{1, 7, 9, 3}, stem},
                                 {{3, 1, 1, 2}, stem},      {{1, 2, 1, 1}, stem},
                                 {{1, 5, 5, 70}, stem},     {{2, 6, 5, 3}, {2, 2, 0}},
                                 {{1, 6, 7, 2}, {2, 3, 1}}, {{1, 6, 6, 2}, {3, 1, 1}},
                                 {{1, 5, 4, 2}, {4, 1, 3}}, {{9, 40, 40, 2}, stem}};

}  // namespace

TEST_SUITE("engine/ops/max_pool2d") {
    TEST_CASE("max pool equals its definition; padding never wins over negative values") {
        Random random(1);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            const Tensor x = distinct(random, test.shape);
            for (int64_t i = 0; i < x.numel(); ++i) x.data<double>()[i] -= 1e4;
            const Tensor y = max_pool2d(x, test.options);
            const Tensor expected = plain_max_pool(x, test.options);
            CHECK(y.shape() == expected.shape());
            CHECK(y.to_vector<double>() == expected.to_vector<double>());
            const Tensor single = max_pool2d(x.to(DType::f32), test.options);
            CHECK(test::relative_error(single, expected) < 1e-6);
        }
    }

    TEST_CASE("max pool gradient") {
        Random random(2);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            test::check_gradients([&](auto& in) { return max_pool2d(in[0], test.options); },
                                  {distinct(random, test.shape)});
        }
    }

    TEST_CASE("every output sends its whole gradient to one input") {
        Random random(3);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            Tensor x = Tensor::full(test.shape, 1, DType::f64).set_requires_grad();  // all ties
            const Tensor y = max_pool2d(x, test.options);
            backward(y, Tensor::full(y.shape(), 1, DType::f64));
            CHECK(sum(x.grad()).item() == static_cast<double>(y.numel()));
        }
    }

    TEST_CASE("on a tie the first in reading order wins") {
        const Tensor x = Tensor::from<double>({1, 5, 5, 5}, {1, 2, 2, 1}).set_requires_grad();
        backward(max_pool2d(x, {2, 2, 0}));
        CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 1, 0, 0});
    }

    TEST_CASE("a value that is not a number wins") {
        const Tensor x = Tensor::from<float>({1, NAN, 3, 2}, {1, 2, 2, 1});
        CHECK(std::isnan(max_pool2d(x, {2, 2, 0}).item()));

        // In every place, and for each channel of a vector and of the rest.
        constexpr int64_t channels = 35;
        Random random(4);
        Tensor window = random.normal_tensor({1, 2, 2, channels});
        std::vector<float> expected(4 * channels, 0.0f);
        for (int64_t c = 0; c < channels; ++c) {
            window.data<float>()[c % 4 * channels + c] = NAN;
            expected[c % 4 * channels + c] = 1;
        }
        window.set_requires_grad();
        const Tensor y = max_pool2d(window, {2, 2, 0});
        for (const float value : y.to_vector<float>()) CHECK(std::isnan(value));
        backward(y, Tensor::full(y.shape(), 1));
        CHECK(window.grad().to_vector<float>() == expected);
    }

    TEST_CASE("max pool names what does not fit") {
        const Tensor x = Tensor::full({1, 2, 2, 1}, 1);
        CHECK_THROWS_WITH_AS(max_pool2d(x, {5, 1, 1}),
                             "[max_pool2d] shape [1, 2, 2, 1] with padding 1 is smaller than the "
                             "kernel, 5",
                             Error);
        CHECK_THROWS_WITH_AS(max_pool2d(x, {2, 1, 2}),
                             "[max_pool2d] padding 2 must be less than the kernel, 2", Error);
        CHECK_THROWS_WITH_AS(max_pool2d(x.view({4}), stem),
                             "[max_pool2d] x must have 4 axes, its shape is [4]", Error);
    }
}
