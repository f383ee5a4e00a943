#include <doctest/doctest.h>
#include <array>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/concat") {
    TEST_CASE("concat and split, widths with 16, 4 and 2 bytes in common") {
        Random random(1);
        for (const auto& [rows, left, right] : {std::array<int64_t, 3>{1, 1, 1},
                                                {7, 8, 16},
                                                {8, 3, 5},
                                                {9, 4, 2},
                                                {2, 31, 33},
                                                {3, 264, 8},
                                                {5, 0, 3},
                                                {2, 8, 0},
                                                {0, 4, 4}}) {
            const Shape a{rows, left}, b{rows, right}, y{rows, left + right};
            test::check_kernel(
                {.inputs = {random.normal_tensor(a), random.normal_tensor(b)},
                 .outputs = {y},
                 .call = [](Kernels& k, auto& in, auto& out) { k.concat(in[0], in[1], out[0]); },
                 .tolerance = 0});
            test::check_kernel(
                {.inputs = {random.normal_tensor(y)},
                 .outputs = {a, b},
                 .call = [](Kernels& k, auto& in, auto& out) { k.split(in[0], out[0], out[1]); },
                 .tolerance = 0});
        }
    }
}
