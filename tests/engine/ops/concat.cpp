#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/concat") {
    TEST_CASE("concat puts rows side by side") {
        const Tensor a = Tensor::from<float>({1, 2, 3, 4}, {2, 1, 2});
        const Tensor b = Tensor::from<float>({5, 6, 7, 8, 9, 10}, {2, 1, 3});
        const Tensor y = concat(a, b);
        CHECK(y.shape() == Shape{2, 1, 5});
        CHECK(y.to_vector<float>() == std::vector<float>{1, 2, 5, 6, 7, 3, 4, 8, 9, 10});
    }

    TEST_CASE("concat gradient") {
        Random random(1);
        const auto f = [](auto& in) { return concat(in[0], in[1]); };
        for (const auto& [a, b] : {std::pair<Shape, Shape>{{3, 4}, {3, 7}},
                                   {{1, 1}, {1, 1}},
                                   {{2, 3, 5}, {2, 3, 1}},
                                   {{4}, {2}}}) {
            const Tensor left = random.normal_tensor(a, 1, DType::f64);
            test::check_gradients(f, {left, random.normal_tensor(b, 1, DType::f64)});
            test::check_gradients([](auto& in) { return concat(in[0], in[0]); }, {left});
        }
        test::check_float(f, {random.normal_tensor({300, 20}, 1, DType::f64),
                              random.normal_tensor({300, 50}, 1, DType::f64)});
    }

    TEST_CASE("concat names the shapes that do not fit") {
        const Tensor a = Tensor::full({2, 3}, 1);
        CHECK_THROWS_WITH_AS(concat(a, Tensor::full({3, 3}, 1)),
                             "[concat] a [2, 3] and b [3, 3] must agree on every axis but the last",
                             Error);
        CHECK_THROWS_WITH_AS(
            concat(a, Tensor::full({2, 3, 1}, 1)),
            "[concat] a [2, 3] and b [2, 3, 1] must agree on every axis but the last", Error);
        CHECK_THROWS_WITH_AS(concat(a, Tensor::empty({2, 0})),
                             "[concat] a [2, 3] and b [2, 0] must not have an empty last axis",
                             Error);
        CHECK_THROWS_WITH_AS(concat(a, a.to(DType::f64)),
                             "[concat] b is f64 on cpu, expected f32 on cpu", Error);
    }
}
