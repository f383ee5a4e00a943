#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/add") {
    TEST_CASE("add adds element by element, on more elements than one thread takes") {
        Random random(1);
        const Tensor a = random.normal_tensor({211, 101}), b = random.normal_tensor({211, 101});
        const Tensor y = add(a, b);
        bool equal = true;
        for (int64_t i = 0; i < y.numel(); ++i)
            equal = equal && y.data<float>()[i] == a.data<float>()[i] + b.data<float>()[i];
        CHECK(equal);
    }

    TEST_CASE("add gradient") {
        Random random(2);
        for (const Shape& shape : {Shape{1}, Shape{3, 5}, Shape{2, 1, 3, 7}}) {
            const Tensor a = random.normal_tensor(shape, 1, DType::f64);
            test::check_gradients([](auto& in) { return add(in[0], in[1]); },
                                  {a, random.normal_tensor(shape, 1, DType::f64)});
            test::check_gradients([](auto& in) { return add(in[0], in[0]); }, {a});
        }
    }

    TEST_CASE("add in float") {
        Random random(3);
        test::check_float([](auto& in) { return add(in[0], in[1]); },
                          {random.normal_tensor({9, 7}, 1, DType::f64),
                           random.normal_tensor({9, 7}, 1, DType::f64)});
    }

    TEST_CASE("add names the shapes and dtypes that differ") {
        const Tensor a = Tensor::full({2, 3}, 1);
        CHECK_THROWS_WITH_AS(add(a, Tensor::full({3, 2}, 1)),
                             "[add] b has shape [3, 2], expected [2, 3]", Error);
        CHECK_THROWS_WITH_AS(add(a, a.to(DType::f64)), "[add] b is f64 on cpu, expected f32 on cpu",
                             Error);
        CHECK_THROWS_WITH_AS(add(a, {}), "[add] b is not given", Error);
    }
}
