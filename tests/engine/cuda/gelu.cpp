#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/gelu") {
    TEST_CASE("gelu, from where it is 0 to where it is x") {
        Random random(1);
        for (const int64_t count : {1, 7, 33, 257, 1025}) {
            const Shape shape{count};
            const Tensor x = random.uniform_tensor(shape, -7, 7), dy = random.normal_tensor(shape);
            test::check_kernel(
                {.inputs = {x}, .outputs = {shape}, .call = [](Kernels& k, auto& in, auto& out) {
                     k.gelu_forward(in[0], out[0]);
                 }});
            test::check_kernel({.inputs = {x, dy},
                                .outputs = {shape},
                                .call = [](Kernels& k, auto& in, auto& out) {
                                    k.gelu_backward(in[0], in[1], out[0]);
                                }});
        }
    }

    TEST_CASE("gelu at the ends of the numbers") {
        const Tensor x = Tensor::from<float>(
            {INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 1e19f, -1e19f, 40, -40}, {9});
        const Tensor dy = Tensor::full({9}, 1);
        test::check_kernel(
            {.inputs = {x, dy}, .outputs = {{9}, {9}}, .call = [](Kernels& k, auto& in, auto& out) {
                 k.gelu_forward(in[0], out[0]);
                 k.gelu_backward(in[0], in[1], out[1]);
             }});
    }
}
