#include <doctest/doctest.h>

#include "engine/autograd.h"
#include "engine/ops.h"

using namespace mdn;

TEST_SUITE("engine/ops/cast") {
    TEST_CASE("cast rounds the values and gives the gradient back in the input's dtype") {
        Random random(1);
        Tensor x = random.normal_tensor({3, 5}, 1, DType::f64);
        x.set_requires_grad();
        const Tensor y = cast(x, DType::f32), seed = random.normal_tensor({3, 5});
        backward(y, seed);
        REQUIRE(x.grad().dtype() == DType::f64);
        for (int64_t i = 0; i < x.numel(); ++i) {
            CHECK(y.data<float>()[i] == static_cast<float>(x.data<double>()[i]));
            CHECK(x.grad().data<double>()[i] == double{seed.data<float>()[i]});
        }
    }

    TEST_CASE("a cast to the same dtype is the tensor itself, integers are refused") {
        const Tensor x = Tensor::full({2}, 3);
        CHECK(cast(x, DType::f32).shares_memory_with(x));
        CHECK_THROWS_WITH_AS(cast(Tensor::full({2}, 3, DType::i64), DType::f32),
                             doctest::Contains("[cast] x must be"), Error);
    }
}
