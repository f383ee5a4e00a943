#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

struct Case {
    Shape shape;
    int64_t frames;
};

// One clip, one frame (nothing to read from), fewer than 8 channels (nothing shifts), channels
// that 8 does not divide, and enough for several threads.
const std::vector<Case> cases = {{{6, 2, 3, 16}, 3}, {{4, 1, 1, 8}, 4},   {{3, 2, 2, 17}, 1},
                                 {{4, 2, 1, 7}, 2},  {{16, 9, 8, 24}, 8}, {{2, 1, 1, 8}, 2}};

Tensor plain_shift(const Tensor& x, int64_t frames) {
    const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3), fold = channels / 8;
    std::vector<double> y;
    for (int64_t n = 0; n < x.dim(0); ++n)
        for (int64_t p = 0; p < pixels; ++p)
            for (int64_t c = 0; c < channels; ++c) {
                const int64_t t = n % frames, from = c < fold ? t + 1 : c < 2 * fold ? t - 1 : t;
                const bool inside = from >= 0 && from < frames;
                y.push_back(inside ? x.data<double>()[((n - t + from) * pixels + p) * channels + c]
                                   : 0);
            }
    return Tensor::from(y, x.shape());
}

}  // namespace

TEST_SUITE("engine/ops/temporal_shift") {
    TEST_CASE("temporal shift equals its definition") {
        Random random(1);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            const Tensor x = random.normal_tensor(test.shape, 1, DType::f64);
            CHECK(temporal_shift(x, test.frames).to_vector<double>() ==
                  plain_shift(x, test.frames).to_vector<double>());
        }
    }

    TEST_CASE("the backward is the adjoint: <shift x, y> = <x, shift' y>") {
        Random random(2);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            Tensor x = random.normal_tensor(test.shape, 1, DType::f64).set_requires_grad();
            const Tensor y = random.normal_tensor(test.shape, 1, DType::f64);
            const Tensor shifted = temporal_shift(x, test.frames);
            backward(shifted, y);
            const double left = sum(multiply(shifted.detach(), y)).item();
            const double right = sum(multiply(x.detach(), x.grad())).item();
            CHECK(left == doctest::Approx(right).epsilon(1e-12));
        }
    }

    TEST_CASE("temporal shift gradient") {
        Random random(3);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            test::check_gradients([&](auto& in) { return temporal_shift(in[0], test.frames); },
                                  {random.normal_tensor(test.shape, 1, DType::f64)});
        }
    }

    TEST_CASE("temporal shift refuses a part of a clip") {
        CHECK_THROWS_WITH_AS(
            temporal_shift(Tensor::full({5, 1, 1, 8}, 1), 2),
            "[temporal_shift] shape [5, 1, 1, 8] does not hold whole clips of 2 frames", Error);
        CHECK_THROWS_AS(temporal_shift(Tensor::full({5, 1, 1, 8}, 1), 0), Error);
    }
}
