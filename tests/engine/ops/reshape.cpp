#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/reshape") {
    TEST_CASE("reshape shows the same memory under another shape") {
        const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
        const Tensor y = reshape(x, {3, 1, 2});
        CHECK(y.shape() == Shape{3, 1, 2});
        CHECK(y.to_vector<float>() == x.to_vector<float>());
        CHECK(y.shares_memory_with(x));
    }

    TEST_CASE("reshape gradient has the old shape") {
        Random random(1);
        const Tensor x = random.normal_tensor({2, 3}, 1, DType::f64);
        test::check_gradients([](auto& in) { return reshape(in[0], {3, 2, 1}); }, {x});
        test::check_gradients(
            [](auto& in) {
                return multiply(in[0], reshape(in[1], {2, 3}));
            },
            {x, random.normal_tensor({6}, 1, DType::f64)});
        test::check_gradients([](auto& in) { return reshape(in[0], {}); },
                              {random.normal_tensor({1}, 1, DType::f64)});
    }

    TEST_CASE("reshape of a leaf leaves the leaf's own gradient to it") {
        const Tensor x = Tensor::full({2}, 3).set_requires_grad();
        const Tensor y = reshape(x, {1, 2});
        backward(sum(multiply(y, y)));
        CHECK(x.grad().shape() == Shape{2});
        CHECK(x.grad().to_vector<float>() == std::vector<float>{6, 6});
    }

    TEST_CASE("reshape names the shapes that do not fit") {
        CHECK_THROWS_WITH_AS(reshape(Tensor::full({2, 3}, 1), {4, 2}),
                             "[reshape] [2, 3] has not as many elements as [4, 2]", Error);
    }
}
