#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/dropout") {
    TEST_CASE("dropout draws the CPU's numbers, to the bit") {
        Random random(1);
        for (const int64_t count : {0, 1, 2, 3, 4, 5, 31, 257, 1023, 1024, 1025, 66001})
            for (const double p : {0.0, 0.3, 0.9}) {
                const auto seed = static_cast<int64_t>(random.bits()) << 32 | random.bits();
                const auto step = static_cast<int64_t>(random.bits()) + (int64_t{5} << 32);
                const Tensor keys = Tensor::from<int64_t>({seed, step}, {2});
                test::check_kernel(
                    {.inputs = {random.normal_tensor({count}), keys},
                     .outputs = {{count}},
                     .call =
                         [p, op = random.below(1000)](Kernels& k, auto& in, auto& out) {
                             k.dropout(in[0], p, {in[1], op}, out[0]);
                         },
                     .tolerance = 0});
            }
    }
}
