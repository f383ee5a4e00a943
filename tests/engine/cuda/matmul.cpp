#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/matmul") {
    TEST_CASE("all ways to transpose, sizes around tiles, and nothing to sum") {
        Random random(1);
        struct Size {
            int64_t m, n, k;
        };
        for (const auto& size : {Size{1, 1, 1}, Size{3, 5, 7}, Size{33, 31, 65}, Size{17, 1, 40},
                                 Size{2, 3, 0}, Size{0, 3, 2}})
            for (const bool transpose_a : {false, true})
                for (const bool transpose_b : {false, true}) {
                    const auto& [m, n, k] = size;
                    CAPTURE(to_string({size.m, size.n, size.k}));
                    CAPTURE(transpose_a);
                    CAPTURE(transpose_b);
                    const Shape a = transpose_a ? Shape{k, m} : Shape{m, k};
                    const Shape b = transpose_b ? Shape{n, k} : Shape{k, n};
                    test::check_kernel(
                        {.inputs = {random.normal_tensor(a), random.normal_tensor(b)},
                         .outputs = {{m, n}},
                         .call = [=](Kernels& kernels, auto& in, auto& out) {
                             kernels.matmul(in[0], transpose_a, in[1], transpose_b, 0.3, out[0]);
                         }});
                }
    }
}
