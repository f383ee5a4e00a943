#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

struct Case {
    Shape x;
    Pool2d options;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {{1, 1, 1, 1}, {1, 1, 0}},    {{2, 5, 7, 3}, {3, 2, 1}},   {{1, 8, 6, 16}, {3, 2, 1}},
        {{2, 4, 5, 8}, {2, 2, 0}},    {{1, 7, 7, 33}, {3, 1, 1}},  {{1, 9, 8, 4}, {2, 3, 1}},
        {{1, 16, 17, 2}, {16, 1, 8}}, {{1, 3, 66, 16}, {3, 2, 1}},
    };
    return all;
}

Shape pooled(const Case& c) {
    const auto size = [&](int64_t n) {
        return (n + 2 * c.options.pad - c.options.kernel) / c.options.stride + 1;
    };
    return {c.x[0], size(c.x[1]), size(c.x[2]), c.x[3]};
}

void check_pool(const Case& c, const Tensor& x, const Tensor& dy) {
    const Shape y_shape = pooled(c);
    CAPTURE(to_string(c.x));
    test::check_kernel(
        {.inputs = {x},
         .outputs = {y_shape, y_shape},
         .call = [&](Kernels& k, auto& in,
                     auto& out) { k.max_pool2d_forward(in[0], c.options, out[0], out[1]); },
         .output_dtypes = {DType::f32, DType::u8},
         .tolerance = 0});
    Tensor y = Tensor::empty(y_shape), winner = Tensor::empty(y_shape, DType::u8);
    kernels(x).max_pool2d_forward(x, c.options, y, winner);
    test::check_kernel(
        {.inputs = {winner, dy}, .outputs = {c.x}, .call = [&](Kernels& k, auto& in, auto& out) {
             k.max_pool2d_backward(in[0], in[1], c.options, out[0]);
         }});
}

}  // namespace

TEST_SUITE("engine/cuda/max_pool2d") {
    TEST_CASE("max_pool2d and its gradient, many ties among small integers") {
        Random random(1);
        for (const Case& c : cases()) {
            Tensor x = random.normal_tensor(c.x, 2);
            for (int64_t i = 0; i < x.numel(); ++i)
                x.data<float>()[i] = std::round(x.data<float>()[i]);
            check_pool(c, x, random.normal_tensor(pooled(c)));
        }
    }

    TEST_CASE("what is not a number wins, and minus infinity beats the padding") {
        Random random(2);
        const Case c{{1, 4, 4, 3}, {3, 2, 1}};
        Tensor x = Tensor::full(c.x, -INFINITY);
        for (const int64_t i : {5, 22, 23, 40}) x.data<float>()[i] = NAN;
        check_pool(c, x, random.normal_tensor(pooled(c)));
    }
}
