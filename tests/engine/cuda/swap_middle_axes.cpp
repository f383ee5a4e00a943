#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/swap_middle_axes") {
    TEST_CASE("swap_middle_axes, rows of 16, 4 and 2 bytes' multiples") {
        Random random(1);
        for (const Shape& shape :
             {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, Shape{1, 8, 2, 8}, Shape{3, 2, 9, 2},
              Shape{2, 5, 3, 264}, Shape{1, 257, 2, 1}, Shape{2, 3, 0, 4}, Shape{2, 3, 4, 0}})
            test::check_kernel(
                {.inputs = {random.normal_tensor(shape)},
                 .outputs = {{shape[0], shape[2], shape[1], shape[3]}},
                 .call = [](Kernels& k, auto& in, auto& out) { k.swap_middle_axes(in[0], out[0]); },
                 .tolerance = 0});
    }
}
