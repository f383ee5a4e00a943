#include <doctest/doctest.h>
#include <cstring>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

struct Case {
    Shape x;
    int64_t kernel_height, kernel_width, pad;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {{1, 1, 1, 1}, 1, 1, 0}, {{2, 7, 7, 17}, 3, 3, 1}, {{1, 1, 1, 33}, 3, 3, 1},
        {{3, 4, 5, 8}, 3, 3, 0}, {{2, 6, 5, 3}, 2, 3, 1},  {{1, 3, 3, 16}, 5, 5, 2},
        {{1, 2, 2, 4}, 1, 1, 2},
    };
    return all;
}

/// A depthwise filter as a full one: weight [C,kh,kw,C], zero off the diagonal.
Tensor as_full_filter(const Tensor& weight) {
    const int64_t taps = weight.dim(0) * weight.dim(1), channels = weight.dim(2);
    Tensor full = Tensor::zeros({channels, weight.dim(0), weight.dim(1), channels}, DType::f64);
    for (int64_t k = 0; k < taps; ++k)
        for (int64_t c = 0; c < channels; ++c)
            full.data<double>()[(c * taps + k) * channels + c] =
                weight.data<double>()[k * channels + c];
    return full;
}

}  // namespace

TEST_SUITE("engine/ops/depthwise_conv2d") {
    TEST_CASE("depthwise_conv2d equals conv2d with a diagonal filter") {
        Random random(1);
        for (const Case& c : cases()) {
            CAPTURE(to_string(c.x));
            const Tensor x = random.normal_tensor(c.x, 1, DType::f64);
            const Tensor weight =
                random.normal_tensor({c.kernel_height, c.kernel_width, c.x[3]}, 1, DType::f64);
            const Tensor expected = conv2d(x, as_full_filter(weight), {.pad = c.pad});
            CHECK(test::relative_error(depthwise_conv2d(x, weight, c.pad), expected) <= 1e-13);
            CHECK(test::relative_error(
                      depthwise_conv2d(x.to(DType::f32), weight.to(DType::f32), c.pad), expected) <=
                  1e-6);
        }
    }

    TEST_CASE("depthwise_conv2d gradient") {
        Random random(2);
        for (const Case& c : cases()) {
            CAPTURE(to_string(c.x));
            test::check_gradients(
                [&](auto& in) { return depthwise_conv2d(in[0], in[1], c.pad); },
                {random.normal_tensor(c.x, 1, DType::f64),
                 random.normal_tensor({c.kernel_height, c.kernel_width, c.x[3]}, 1, DType::f64)});
        }
    }

    TEST_CASE("depthwise_conv2d over many images gives the same bits in every run") {
        Random random(3);
        const Tensor x = random.normal_tensor({20, 7, 7, 40});
        const Tensor weight = random.normal_tensor({3, 3, 40});
        std::vector<Tensor> first;
        for (int run = 0; run < 3; ++run) {
            const Tensor in = x.clone().set_requires_grad(), w = weight.clone().set_requires_grad();
            const Tensor y = depthwise_conv2d(in, w, 1);
            backward(y, x);
            const std::vector<Tensor> results = {y.detach(), in.grad(), w.grad()};
            if (run == 0) first = results;
            for (size_t i = 0; i < results.size(); ++i)
                CHECK(std::memcmp(first[i].raw(), results[i].raw(),
                                  static_cast<size_t>(first[i].bytes())) == 0);
        }
    }

    TEST_CASE("depthwise_conv2d names the shapes that do not fit") {
        const Tensor x = Tensor::full({1, 2, 2, 3}, 1);
        CHECK_THROWS_WITH_AS(depthwise_conv2d(x, Tensor::full({3, 3, 4}, 1), 1),
                             doctest::Contains("[depthwise_conv2d] weight has shape [3, 3, 4]"),
                             Error);
        CHECK_THROWS_WITH_AS(depthwise_conv2d(x, Tensor::full({3, 3, 3}, 1), 0),
                             doctest::Contains("does not fit into x [1, 2, 2, 3]"), Error);
    }
}
