#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/memory") {
    TEST_CASE("the sum of all elements, of none, and of more blocks than a warp adds up at once") {
        Random random(1);
        for (const int64_t count : {0, 1, 31, 32, 33, 255, 257, 4095, 4097, 13001, 140001})
            test::check_kernel(
                {.inputs = {random.uniform_tensor({count}, -1, 2)},
                 .outputs = {{1}},
                 .call = [](Kernels& k, auto& in, auto& out) { k.sum(in[0], out[0]); }});
    }
}
