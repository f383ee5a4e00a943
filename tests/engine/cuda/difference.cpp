// What the comparison of kernels notices: it is trusted with every CUDA kernel.
#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/difference") {
    TEST_CASE("one wrong element among thousands shows, where the norm overlooks it") {
        Random random(1);
        const Tensor expected = random.normal_tensor({5000}), got = expected.clone();
        CHECK(test::difference(got, expected).element == 0);
        got.data<float>()[4999] += 1;  // a tail of one element, wrong by a typical value
        CHECK(test::difference(got, expected).norm < 2e-2);
        CHECK(test::difference(got, expected).element > 2e-1);
    }

    TEST_CASE("what is not finite equals only the same") {
        const float numbers[] = {NAN, INFINITY, -INFINITY, 1};
        for (size_t i = 0; i < 4; ++i)
            for (size_t j = 0; j < 4; ++j) {
                const auto by = test::difference(Tensor::from<float>({2, numbers[i]}, {2}),
                                                 Tensor::from<float>({2, numbers[j]}, {2}));
                CHECK(by.norm == (i == j ? 0 : INFINITY));
                CHECK(by.element == (i == j ? 0 : INFINITY));
            }
    }
}
