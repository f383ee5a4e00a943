#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/sum") {
    TEST_CASE("sum adds all elements") {
        const Tensor y = sum(Tensor::from<float>({1, 2, 3.5f, -4}, {2, 2}));
        CHECK(y.shape() == Shape{1});
        CHECK(y.item() == 2.5);
    }

    TEST_CASE("sum in float does not lose small elements to a large total") {
        Tensor x = Tensor::full({1 << 20}, 0.1);
        x.data<float>()[0] = 1e6f;
        CHECK(sum(x).item() == doctest::Approx(1e6 + 0.1f * ((1 << 20) - 1)).epsilon(1e-7));
    }

    TEST_CASE("sum gradient") {
        Random random(1);
        for (const Shape& shape : {Shape{1}, Shape{}, Shape{3, 5}, Shape{2, 1, 3}})
            test::check_gradients([](auto& in) { return sum(in[0]); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("sum in float") {
        Random random(2);
        test::check_float([](auto& in) { return sum(in[0]); },
                          {random.uniform_tensor({9, 7}, 0, 1, DType::f64)});
    }

    TEST_CASE("sum refuses integers") {
        CHECK_THROWS_WITH_AS(sum(Tensor::full({2}, 1, DType::i64)),
                             "[sum] x must be f32, f64 or bf16, not i64", Error);
    }
}
