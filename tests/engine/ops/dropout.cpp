#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

RandomStream stream(int64_t seed, int64_t step, int64_t op) {
    return {Tensor::from<int64_t>({seed, step}, {2}), op};
}

}  // namespace

TEST_SUITE("engine/ops/dropout") {
    TEST_CASE("dropout keeps the elements that Philox says, for counts of any remainder") {
        // A step and a seed of more than 32 bits show which words they go to.
        const int64_t seed = 0x123456789abcdef, step = 0x70000004d;
        const double p = 0.3;
        Random random(1);
        for (int64_t count : {1, 2, 3, 4, 5, 1023, 40001}) {
            const Tensor x = random.normal_tensor({count}, 1, DType::f64);
            const Tensor y = dropout(x, p, stream(seed, step, 5));
            bool equal = true;
            for (int64_t i = 0; i < count; ++i) {
                const uint32_t word =
                    philox({static_cast<uint32_t>(i / 4), 0, 0x4d, 0x80000005u}, seed)[i % 4];
                const double expected =
                    uniform_from_bits(word) >= p ? x.data<double>()[i] / (1 - p) : 0;
                equal =
                    equal && std::abs(y.data<double>()[i] - expected) <= 1e-15 * std::abs(expected);
            }
            CHECK(equal);
        }
    }

    TEST_CASE("dropout drops a share p of the elements") {
        const int64_t count = 1 << 20;
        const Tensor ones = Tensor::full({count}, 1);
        for (double p : {0.1, 0.5, 0.9}) {
            const double kept = sum(dropout(ones, p, stream(3, 1, 0))).item() * (1 - p) / count;
            CHECK(std::abs(kept - (1 - p)) < 5 * std::sqrt(p * (1 - p) / count));
        }
    }

    TEST_CASE("dropout: another seed, step or op is another mask, independent of the first") {
        const int64_t count = 1 << 16;
        const Tensor ones = Tensor::full({count}, 1);
        const auto mask = [&](int64_t seed, int64_t step, int64_t op) {
            return scale(dropout(ones, 0.5, stream(seed, step, op)), 0.5);
        };
        const Tensor first = mask(3, 1, 0);
        CHECK(mask(3, 1, 0).to_vector<float>() == first.to_vector<float>());
        for (const Tensor& other : {mask(4, 1, 0), mask(3, 2, 0), mask(3, 1, 1)}) {
            const double both = sum(multiply(first, other)).item() / count;
            CHECK(std::abs(both - 0.25) < 5 * std::sqrt(0.25 * 0.75 / count));
        }
    }

    TEST_CASE("dropout gradient goes through the mask of the forward pass") {
        Random random(2);
        for (const Shape& shape : {Shape{6}, Shape{3, 5}, Shape{2, 3, 1, 7}})
            test::check_gradients([](auto& in) { return dropout(in[0], 0.4, stream(9, 2, 3)); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("dropout in float has the mask of double") {
        Random random(3);
        test::check_float([](auto& in) { return dropout(in[0], 0.1, stream(1, 2, 3)); },
                          {random.normal_tensor({300, 70}, 1, DType::f64)});
    }

    TEST_CASE("dropout with p = 0 is the tensor itself") {
        const Tensor x = Tensor::full({3}, 2);
        CHECK(dropout(x, 0, {}).shares_memory_with(x));
    }

    TEST_CASE("dropout refuses a probability and a stream that make no sense") {
        const Tensor x = Tensor::full({3}, 2);
        CHECK_THROWS_WITH_AS(dropout(x, 1, stream(1, 2, 3)),
                             doctest::Contains("[dropout] the probability must be in [0, 1)"),
                             Error);
        CHECK_THROWS_WITH_AS(dropout(x, 0.5, {}), "[dropout] seed_and_step is not given", Error);
        CHECK_THROWS_WITH_AS(dropout(x, 0.5, {Tensor::full({3}, 1, DType::i64), 0}),
                             "[dropout] seed_and_step is i64 [3] on cpu, expected i64 [2] on cpu",
                             Error);
        CHECK_THROWS_WITH_AS(dropout(x, 0.5, stream(1, 2, -1)),
                             doctest::Contains("[dropout] the stream's op must be in"), Error);
    }
}
