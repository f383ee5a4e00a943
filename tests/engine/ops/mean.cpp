#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    int64_t outer, axis, inner;
};

// Ordinary; one of each; wider than a block of columns; many short means.
const std::vector<Case> cases = {{2, 3, 4}, {1, 5, 3},   {3, 1, 2}, {2, 7, 1},
                                 {1, 1, 1}, {2, 3, 131}, {90, 2, 3}};

}  // namespace

TEST_SUITE("engine/ops/mean") {
    TEST_CASE("mean equals plain loops over any axis") {
        Random random(1);
        for (const Case& c : cases) {
            const Tensor x = random.normal_tensor({c.outer, c.axis, c.inner}, 1, DType::f64);
            Tensor expected = Tensor::zeros({c.outer, c.inner}, DType::f64);
            for (int64_t o = 0; o < c.outer; ++o)
                for (int64_t n = 0; n < c.axis; ++n)
                    for (int64_t i = 0; i < c.inner; ++i)
                        expected.data<double>()[o * c.inner + i] +=
                            x.data<double>()[(o * c.axis + n) * c.inner + i] / c.axis;
            CHECK(test::relative_error(mean(x, 1), expected) <= 1e-14);
            CHECK(test::relative_error(mean(x, -2), expected) <= 1e-14);
        }
        const Tensor x = random.normal_tensor({2, 3, 4, 5}, 1, DType::f64);
        CHECK(mean(x, 0).shape() == Shape{3, 4, 5});
        CHECK(mean(x, 1).shape() == Shape{2, 4, 5});
        CHECK(mean(x, 3).shape() == Shape{2, 3, 4});
        CHECK(mean(mean(mean(mean(x, -1), 0), -1), 0).item() ==
              doctest::Approx(sum(x).item() / x.numel()).epsilon(1e-12));
    }

    TEST_CASE("mean gradient") {
        Random random(2);
        for (const Case& c : cases)
            test::check_gradients(
                [](auto& in) { return mean(in[0], 1); },
                {random.normal_tensor({c.outer, c.axis, c.inner}, 1, DType::f64)});
        for (int64_t axis : {0, 2, 3})
            test::check_gradients([&](auto& in) { return mean(in[0], axis); },
                                  {random.normal_tensor({2, 3, 4, 5}, 1, DType::f64)});
        test::check_gradients([](auto& in) { return mean(in[0], 0); },
                              {random.normal_tensor({6}, 1, DType::f64)});
    }

    TEST_CASE("mean in float") {
        Random random(3);
        test::check_float([](auto& in) { return mean(in[0], 1); },
                          {random.normal_tensor({3, 400, 70}, 1, DType::f64)});
    }

    TEST_CASE("mean names the axis and the shape that do not fit") {
        CHECK_THROWS_WITH_AS(mean(Tensor::full({2, 3}, 1), 2), "[mean] axis 2 outside x [2, 3]",
                             Error);
        CHECK_THROWS_WITH_AS(mean(Tensor::full({2, 3}, 1), -3), "[mean] axis -3 outside x [2, 3]",
                             Error);
        CHECK_THROWS_WITH_AS(mean(Tensor::full({2, 0}, 1), 1), "[mean] axis 1 of x [2, 0] is empty",
                             Error);
    }
}
