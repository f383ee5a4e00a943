#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/mean") {
    TEST_CASE(
        "mean over the middle axis, columns and rows around the sizes of a warp and a block") {
        Random random(1);
        for (const Shape& shape :
             {Shape{1, 1, 1}, Shape{2, 3, 1}, Shape{3, 7, 31}, Shape{1, 8, 32}, Shape{2, 9, 33},
              Shape{1, 257, 3}, Shape{2, 49, 70}, Shape{9, 1, 5}, Shape{0, 3, 4}, Shape{3, 2, 0}}) {
            const Shape reduced{shape[0], shape[2]};
            // Away from 0, so that a mean is not the small difference of large sums.
            const Tensor x = random.uniform_tensor(shape, 0.5, 2);
            test::check_kernel(
                {.inputs = {x}, .outputs = {reduced}, .call = [](Kernels& k, auto& in, auto& out) {
                     k.mean_forward(in[0], out[0]);
                 }});
            test::check_kernel(
                {.inputs = {random.normal_tensor(reduced)},
                 .outputs = {shape},
                 .call = [](Kernels& k, auto& in, auto& out) { k.mean_backward(in[0], out[0]); }});
        }
    }
}
