#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

TEST_SUITE("engine/ops/swap_middle_axes") {
    TEST_CASE("swap_middle_axes moves every row to its place") {
        Random random(1);
        for (const Shape& s : {Shape{2, 3, 4, 5}, Shape{1, 1, 6, 1}, Shape{3, 5, 1, 2}}) {
            const Tensor x = random.normal_tensor(s), y = swap_middle_axes(x);
            REQUIRE(y.shape() == Shape{s[0], s[2], s[1], s[3]});
            for (int64_t a = 0; a < s[0]; ++a)
                for (int64_t b = 0; b < s[1]; ++b)
                    for (int64_t c = 0; c < s[2]; ++c)
                        for (int64_t d = 0; d < s[3]; ++d)
                            CHECK(y.data<float>()[((a * s[2] + c) * s[1] + b) * s[3] + d] ==
                                  x.data<float>()[((a * s[1] + b) * s[2] + c) * s[3] + d]);
        }
    }

    TEST_CASE("swap_middle_axes gradient") {
        Random random(2);
        for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 4, 1, 3}})
            test::check_gradients([](auto& in) { return swap_middle_axes(in[0]); },
                                  {random.normal_tensor(shape, 1, DType::f64)});
    }

    TEST_CASE("swap_middle_axes needs four axes") {
        CHECK_THROWS_WITH_AS(swap_middle_axes(Tensor::full({2, 3, 4}, 1)),
                             "[swap_middle_axes] x must have 4 axes, its shape is [2, 3, 4]",
                             Error);
    }
}
