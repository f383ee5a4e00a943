#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/mix") {
    TEST_CASE("mix, frames and widths around the warps of a block and their lanes") {
        Random random(1);
        for (const Shape& shape :
             {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{3, 8, 2, 32}, Shape{1, 9, 3, 33},
              Shape{2, 17, 1, 31}, Shape{1, 2, 2, 257}, Shape{0, 2, 3, 4}}) {
            const Shape weights{shape[0], shape[2], 2};
            const Tensor a = random.normal_tensor(shape), b = random.normal_tensor(shape),
                         dy = random.normal_tensor(shape);
            const Tensor alpha = random.uniform_tensor(weights, 0.1, 1);
            test::check_kernel({.inputs = {a, b, alpha},
                                .outputs = {shape},
                                .call = [](Kernels& k, auto& in, auto& out) {
                                    k.mix_forward(in[0], in[1], in[2], out[0]);
                                }});
            test::check_kernel({.inputs = {a, b, alpha, dy},
                                .outputs = {shape, shape, weights},
                                .call = [](Kernels& k, auto& in, auto& out) {
                                    k.mix_backward(in[0], in[1], in[2], in[3], out[0], out[1],
                                                   out[2]);
                                }});
        }
    }
}
