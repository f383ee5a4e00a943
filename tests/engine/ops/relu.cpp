#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

/// Random numbers of magnitude 0.1 to 2: away from the kink at 0.
Tensor away_from_zero(const Shape& shape, uint64_t seed) {
    Random random(seed);
    Tensor x = random.uniform_tensor(shape, 0.1, 2, DType::f64);
    for (int64_t i = 0; i < x.numel(); ++i)
        if (random.below(2) == 0) x.data<double>()[i] *= -1;
    if (x.numel() == 1) x.data<double>()[0] = 0.5;  // a lone negative would have gradient 0
    return x;
}

}  // namespace

TEST_SUITE("engine/ops/relu") {
    TEST_CASE("relu keeps what is positive") {
        const Tensor x = Tensor::from<float>({-2, -0.0f, 0, 1e-30f, 3}, {5});
        CHECK(relu(x).to_vector<float>() == std::vector<float>{0, 0, 0, 1e-30f, 3});
    }

    TEST_CASE("relu gradient") {
        for (const Shape& shape : {Shape{1}, Shape{7}, Shape{2, 3, 5, 3}})
            test::check_gradients([](auto& in) { return relu(in[0]); }, {away_from_zero(shape, 1)});
    }

    TEST_CASE("relu passes no gradient at exactly 0") {
        const Tensor x = Tensor::from<float>({0, 1}, {2}).set_requires_grad();
        backward(sum(relu(x)));
        CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 1});
    }

    TEST_CASE("NaN passes relu, and relu passes NaN's gradient, as in PyTorch") {
        for (const DType dtype : {DType::f32, DType::f64})
            for (const int64_t count : {1, 3, 17, 64}) {  // in and beside the vectors' loop
                const Tensor x = Tensor::full({count}, NAN, dtype).set_requires_grad();
                const Tensor y = relu(x);
                backward(y, Tensor::full({count}, 2, dtype));
                const auto values = y.to(DType::f64).to_vector<double>();
                CHECK(std::all_of(values.begin(), values.end(),
                                  [](double value) { return std::isnan(value); }));
                CHECK(x.grad().to(DType::f64).to_vector<double>() ==
                      std::vector<double>(static_cast<size_t>(count), 2));
            }
    }

    TEST_CASE("relu in float, on more elements than one thread takes") {
        test::check_float([](auto& in) { return relu(in[0]); }, {away_from_zero({173, 251}, 2)});
    }

    TEST_CASE("relu refuses integers") {
        CHECK_THROWS_WITH_AS(relu(Tensor::full({2}, 1, DType::u8)),
                             "[relu] x must be f32, f64 or bf16, not u8", Error);
    }
}
