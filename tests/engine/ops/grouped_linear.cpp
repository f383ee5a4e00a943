#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    int64_t rows, groups, in, out;
};

const std::vector<Case> cases = {{3, 4, 5, 6}, {1, 6, 7, 2}, {5, 1, 3, 2}, {1, 1, 1, 1}};

std::vector<Tensor> random_inputs(const Case& c, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor({c.rows, c.groups, c.in}, 1, DType::f64),
            random.normal_tensor({c.groups, c.out, c.in}, 1, DType::f64),
            random.normal_tensor({c.groups, c.out}, 1, DType::f64)};
}

Tensor apply(const std::vector<Tensor>& in) { return grouped_linear(in[0], in[1], in[2]); }

}  // namespace

TEST_SUITE("engine/ops/grouped_linear") {
    TEST_CASE("grouped_linear equals plain loops") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 1);
            Tensor expected = Tensor::empty({c.rows, c.groups, c.out}, DType::f64);
            for (int64_t n = 0; n < c.rows; ++n)
                for (int64_t g = 0; g < c.groups; ++g)
                    for (int64_t o = 0; o < c.out; ++o) {
                        double total = in[2].data<double>()[g * c.out + o];
                        for (int64_t i = 0; i < c.in; ++i)
                            total += in[0].data<double>()[(n * c.groups + g) * c.in + i] *
                                     in[1].data<double>()[(g * c.out + o) * c.in + i];
                        expected.data<double>()[(n * c.groups + g) * c.out + o] = total;
                    }
            CHECK(test::relative_error(apply(in), expected) <= 1e-14);
        }
    }

    TEST_CASE("grouped_linear gradient") {
        for (const Case& c : cases) test::check_gradients(apply, random_inputs(c, 2));
    }

    TEST_CASE("grouped_linear in float") {
        test::check_float(apply, random_inputs({9, 6, 70, 33}, 3));
    }

    TEST_CASE("grouped_linear names the shapes that do not fit") {
        const Tensor x = Tensor::full({2, 3, 4}, 1), bias = Tensor::full({3, 5}, 1);
        CHECK_THROWS_WITH_AS(grouped_linear(x, Tensor::full({2, 5, 4}, 1), bias),
                             "[grouped_linear] x [2, 3, 4] does not fit weight [2, 5, 4]", Error);
        CHECK_THROWS_WITH_AS(grouped_linear(x, Tensor::full({3, 5, 3}, 1), bias),
                             "[grouped_linear] x [2, 3, 4] does not fit weight [3, 5, 3]", Error);
        CHECK_THROWS_WITH_AS(grouped_linear(x, Tensor::full({3, 6, 4}, 1), bias),
                             "[grouped_linear] bias has shape [3, 5], expected [3, 6]", Error);
    }
}
