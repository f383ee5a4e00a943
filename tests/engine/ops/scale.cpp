#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/scale") {
    TEST_CASE("scale multiplies by a number") {
        const Tensor x = Tensor::from<float>({-2, 0.5f, 3}, {3});
        CHECK(scale(x, -4).to_vector<float>() == std::vector<float>{8, -2, -12});
    }

    TEST_CASE("scale gradient") {
        Random random(1);
        for (const Shape& shape : {Shape{1}, Shape{3, 5}})
            test::check_gradients([](auto& in) { return scale(in[0], -1.7); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("scale in float, on more elements than one thread takes") {
        Random random(2);
        test::check_float([](auto& in) { return scale(in[0], 0.3); },
                          {random.normal_tensor({173, 251}, 1, DType::f64)});
    }

    TEST_CASE("scale refuses integers") {
        CHECK_THROWS_WITH_AS(scale(Tensor::full({2}, 1, DType::i64), 2),
                             "[scale] x must be f32, f64 or bf16, not i64", Error);
    }
}
