#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/softmax") {
    TEST_CASE("softmax, classes and rows around the sizes of a warp and a block") {
        Random random(1);
        for (const Shape& shape :
             {Shape{1, 1}, Shape{3, 2}, Shape{9, 31}, Shape{8, 32}, Shape{17, 33}, Shape{2, 257}}) {
            const Tensor x = random.normal_tensor(shape, 4), dy = random.normal_tensor(shape);
            test::check_kernel(
                {.inputs = {x}, .outputs = {shape}, .call = [](Kernels& k, auto& in, auto& out) {
                     k.softmax_forward(in[0], 0.7, out[0]);
                 }});
            Tensor y = Tensor::empty(shape);
            kernels(y).softmax_forward(x, 0.7, y);
            test::check_kernel({.inputs = {y, dy},
                                .outputs = {shape},
                                .call = [](Kernels& k, auto& in, auto& out) {
                                    k.softmax_backward(in[0], in[1], 0.7, out[0]);
                                }});
        }
    }
}
