#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    int64_t rows, columns, depth;
};

const std::vector<Case> cases = {{3, 4, 5}, {1, 1, 1}, {1, 7, 2}, {6, 1, 3}, {17, 19, 1}};

std::vector<Tensor> random_inputs(const Case& c, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor({c.rows, c.depth}, 1, DType::f64),
            random.normal_tensor({c.columns, c.depth}, 1, DType::f64)};
}

Tensor apply(const std::vector<Tensor>& in) { return matmul_nt(in[0], in[1], -2.5); }

}  // namespace

TEST_SUITE("engine/ops/matmul_nt") {
    TEST_CASE("matmul_nt equals plain loops") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 1);
            Tensor expected = Tensor::zeros({c.rows, c.columns}, DType::f64);
            for (int64_t i = 0; i < c.rows; ++i)
                for (int64_t j = 0; j < c.columns; ++j)
                    for (int64_t p = 0; p < c.depth; ++p)
                        expected.data<double>()[i * c.columns + j] -=
                            2.5 * in[0].data<double>()[i * c.depth + p] *
                            in[1].data<double>()[j * c.depth + p];
            CHECK(test::relative_error(apply(in), expected) <= 1e-14);
        }
    }

    TEST_CASE("matmul_nt gradient, of both factors, one alone, and one tensor as both") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 2);
            test::check_gradients(apply, in);
            test::check_gradients([&](auto& x) { return matmul_nt(x[0], in[1], 3); }, {in[0]});
            test::check_gradients([&](auto& x) { return matmul_nt(in[0], x[0], 3); }, {in[1]});
            test::check_gradients([](auto& x) { return matmul_nt(x[0], x[0]); }, {in[0]});
        }
    }

    TEST_CASE("matmul_nt in float") { test::check_float(apply, random_inputs({96, 96, 200}, 3)); }

    TEST_CASE("matmul_nt names the shapes that do not fit") {
        CHECK_THROWS_WITH_AS(matmul_nt(Tensor::full({2, 3}, 1), Tensor::full({3, 2}, 1)),
                             "[matmul_nt] a [2, 3] and b [3, 2] must have rows of one length",
                             Error);
    }
}
