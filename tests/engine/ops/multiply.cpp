#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/multiply") {
    TEST_CASE("multiply multiplies element by element") {
        Random random(1);
        const Tensor a = random.normal_tensor({211, 101}), b = random.normal_tensor({211, 101});
        const Tensor y = multiply(a, b);
        bool equal = true;
        for (int64_t i = 0; i < y.numel(); ++i)
            equal = equal && y.data<float>()[i] == a.data<float>()[i] * b.data<float>()[i];
        CHECK(equal);
    }

    TEST_CASE("multiply gradient") {
        Random random(2);
        for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{2, 1, 3, 7}}) {
            const Tensor a = random.normal_tensor(shape, 1, DType::f64);
            test::check_gradients([](auto& in) { return multiply(in[0], in[1]); },
                                  {a, random.normal_tensor(shape, 1, DType::f64)});
            test::check_gradients([](auto& in) { return multiply(in[0], in[0]); }, {a});
        }
    }

    TEST_CASE("multiply by a constant gives the other factor its gradient") {
        const Tensor a = Tensor::from<float>({2, 3}, {2});
        const Tensor b = Tensor::from<float>({5, 7}, {2}).set_requires_grad();
        backward(sum(multiply(a, b)));
        CHECK(b.grad().to_vector<float>() == std::vector<float>{2, 3});
    }

    TEST_CASE("multiply in float") {
        Random random(3);
        test::check_float([](auto& in) { return multiply(in[0], in[1]); },
                          {random.normal_tensor({9, 7}, 1, DType::f64),
                           random.normal_tensor({9, 7}, 1, DType::f64)});
    }

    TEST_CASE("multiply names the shapes that differ") {
        CHECK_THROWS_WITH_AS(multiply(Tensor::full({2, 3}, 1), Tensor::full({2}, 1)),
                             "[multiply] b has shape [2], expected [2, 3]", Error);
    }
}
