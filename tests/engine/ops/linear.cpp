#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    Shape x;
    int64_t out;
};

const std::vector<Case> cases = {
    {{2, 3, 5, 7}, 4}, {{1, 1}, 1}, {{5, 1}, 3}, {{3, 33}, 17}, {{9}, 2}};

std::vector<Tensor> random_inputs(const Case& c, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor(c.x, 1, DType::f64),
            random.normal_tensor({c.out, c.x.back()}, 1, DType::f64),
            random.normal_tensor({c.out}, 1, DType::f64)};
}

}  // namespace

TEST_SUITE("engine/ops/linear") {
    TEST_CASE("linear equals plain loops, with and without a bias") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 1);
            const int64_t width = c.x.back(), rows = in[0].numel() / width;
            for (const Tensor& bias : {in[2], Tensor()}) {
                Shape shape = c.x;
                shape.back() = c.out;
                Tensor expected = Tensor::empty(shape, DType::f64);
                for (int64_t n = 0; n < rows; ++n)
                    for (int64_t o = 0; o < c.out; ++o) {
                        double total = bias.defined() ? bias.data<double>()[o] : 0;
                        for (int64_t i = 0; i < width; ++i)
                            total += in[0].data<double>()[n * width + i] *
                                     in[1].data<double>()[o * width + i];
                        expected.data<double>()[n * c.out + o] = total;
                    }
                CHECK(test::relative_error(linear(in[0], in[1], bias), expected) <= 1e-14);
            }
        }
    }

    TEST_CASE("linear gradient") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 2);
            test::check_gradients([](auto& in) { return linear(in[0], in[1], in[2]); }, in);
            test::check_gradients([](auto& in) { return linear(in[0], in[1], {}); },
                                  {in[0], in[1]});
        }
    }

    TEST_CASE("linear gives gradients only where they are asked for") {
        const std::vector<Tensor> in = random_inputs(cases[0], 3);
        for (int wanted = 0; wanted < 3; ++wanted) {
            std::vector<Tensor> all = {in[0].clone(), in[1].clone(), in[2].clone()};
            for (Tensor& leaf : all) leaf.set_requires_grad();
            backward(sum(linear(all[0], all[1], all[2])));
            std::vector<Tensor> one = {in[0].clone(), in[1].clone(), in[2].clone()};
            one[wanted].set_requires_grad();
            backward(sum(linear(one[0], one[1], one[2])));
            CHECK(test::relative_error(one[wanted].grad(), all[wanted].grad()) <= 1e-15);
        }
    }

    TEST_CASE("linear_gelu equals gelu of linear") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 4);
            CHECK(test::relative_error(linear_gelu(in[0], in[1], in[2]),
                                       gelu(linear(in[0], in[1], in[2]))) <= 1e-14);
        }
    }

    TEST_CASE("linear_gelu gradient") {
        for (const Case& c : cases) {
            const std::vector<Tensor> in = random_inputs(c, 5);
            test::check_gradients([](auto& in) { return linear_gelu(in[0], in[1], in[2]); }, in);
            test::check_gradients([](auto& in) { return linear_gelu(in[0], in[1], {}); },
                                  {in[0], in[1]});
        }
    }

    TEST_CASE("linear and linear_gelu in float") {
        const std::vector<Tensor> in = random_inputs({{4, 40, 70}, 90}, 6);
        test::check_float([](auto& in) { return linear(in[0], in[1], in[2]); }, in);
        test::check_float([](auto& in) { return linear_gelu(in[0], in[1], in[2]); }, in);
    }

    TEST_CASE("linear names the shapes that do not fit") {
        const Tensor x = Tensor::full({2, 3}, 1), weight = Tensor::full({5, 4}, 1);
        CHECK_THROWS_WITH_AS(linear(x, weight, {}), "[linear] x [2, 3] does not fit weight [5, 4]",
                             Error);
        CHECK_THROWS_WITH_AS(linear_gelu(x, weight, {}),
                             "[linear_gelu] x [2, 3] does not fit weight [5, 4]", Error);
        CHECK_THROWS_WITH_AS(linear(Tensor::full({2, 4}, 1), weight, Tensor::full({4}, 1)),
                             "[linear] bias has shape [4], expected [5]", Error);
        CHECK_THROWS_WITH_AS(linear(Tensor::full({2, 4}, 1), weight.to(DType::f64), {}),
                             "[linear] weight is f64 on cpu, expected f32 on cpu", Error);
    }
}
