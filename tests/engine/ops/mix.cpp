#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

// [B,T,K,D]: ordinary; one clip; one frame; one entity; width 1.
const std::vector<Shape> shapes = {
    {2, 3, 4, 5}, {1, 3, 2, 4}, {2, 1, 3, 3}, {3, 4, 1, 2}, {1, 1, 1, 1}};

std::vector<Tensor> random_inputs(const Shape& s, uint64_t seed) {
    Random random(seed);
    return {random.normal_tensor(s, 1, DType::f64), random.normal_tensor(s, 1, DType::f64),
            random.normal_tensor({s[0], s[2], 2}, 1, DType::f64)};
}

Tensor apply(const std::vector<Tensor>& in) { return mix(in[0], in[1], in[2]); }

}  // namespace

TEST_SUITE("engine/ops/mix") {
    TEST_CASE("mix equals plain loops") {
        for (const Shape& s : shapes) {
            const std::vector<Tensor> in = random_inputs(s, 1);
            Tensor expected = empty_like(in[0]);
            for (int64_t b = 0; b < s[0]; ++b)
                for (int64_t t = 0; t < s[1]; ++t)
                    for (int64_t k = 0; k < s[2]; ++k)
                        for (int64_t d = 0; d < s[3]; ++d) {
                            const int64_t i = ((b * s[1] + t) * s[2] + k) * s[3] + d;
                            const double* alpha = in[2].data<double>() + (b * s[2] + k) * 2;
                            expected.data<double>()[i] = alpha[0] * in[0].data<double>()[i] +
                                                         alpha[1] * in[1].data<double>()[i];
                        }
            CHECK(test::relative_error(apply(in), expected) <= 1e-15);
        }
    }

    TEST_CASE("mix gradient") {
        for (const Shape& s : shapes) test::check_gradients(apply, random_inputs(s, 2));
    }

    TEST_CASE("mix of one tensor by weights that sum to 1 is that tensor") {
        Random random(3);
        const Tensor x = random.normal_tensor({2, 3, 4, 5}, 1, DType::f64);
        const Tensor alpha = softmax(random.normal_tensor({2, 4, 2}, 1, DType::f64));
        CHECK(test::relative_error(mix(x, x, alpha), x) <= 1e-15);
        test::check_gradients([&](auto& in) { return mix(in[0], in[0], alpha); }, {x});
    }

    TEST_CASE("mix in float") { test::check_float(apply, random_inputs({5, 8, 6, 70}, 4)); }

    TEST_CASE("mix names the shapes that do not fit") {
        const Tensor st = Tensor::full({2, 3, 4, 5}, 1), alpha = Tensor::full({2, 4, 2}, 1);
        CHECK_THROWS_WITH_AS(mix(st, Tensor::full({2, 4, 3, 5}, 1), alpha),
                             "[mix] ts has shape [2, 4, 3, 5], expected [2, 3, 4, 5]", Error);
        CHECK_THROWS_WITH_AS(mix(st, st, Tensor::full({2, 3, 2}, 1)),
                             "[mix] alpha has shape [2, 3, 2], expected [2, 4, 2]", Error);
    }
}
