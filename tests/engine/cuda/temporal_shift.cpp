#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

TEST_SUITE("engine/cuda/temporal_shift") {
    TEST_CASE("shifts both ways, folds that are whole packs, that are not, and none at all") {
        Random random(1);
        for (const int64_t channels : {1, 7, 8, 17, 24, 32, 64})
            for (const int64_t frames : {1, 2, 3})
                for (const bool backward : {false, true}) {
                    const Shape shape = {2 * frames, 3, 5, channels};
                    CAPTURE(to_string(shape));
                    CAPTURE(frames);
                    CAPTURE(backward);
                    test::check_kernel({.inputs = {random.normal_tensor(shape)},
                                        .outputs = {shape},
                                        .call =
                                            [&](Kernels& k, auto& in, auto& out) {
                                                k.temporal_shift(in[0], frames, backward, out[0]);
                                            },
                                        .tolerance = 0});
                }
    }
}
