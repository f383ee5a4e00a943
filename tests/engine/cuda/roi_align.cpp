#include <doctest/doctest.h>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;
using test::Role;

namespace {

constexpr double size = 64;

/// Forward and backward with these boxes, on maps of `height` × `width` cells.
void check_both_ways(Random& random, const Tensor& boxes, int64_t height, int64_t width,
                     int64_t channels, int64_t bins) {
    CAPTURE(to_string(boxes.shape()));
    CAPTURE(to_string({height, width, channels, bins}));
    const Shape map = {boxes.dim(0), height, width, channels};
    const Shape regions = {boxes.dim(0), boxes.dim(1), bins, bins, channels};
    test::check_kernel(
        {.inputs = {random.normal_tensor(map), boxes},
         .outputs = {regions},
         .call = [](Kernels& kernels, auto& in,
                    auto& out) { kernels.roi_align_forward(in[0], in[1], size, out[0]); },
         .input_roles = {Role::activation, Role::parameter}});
    test::check_kernel(
        {.inputs = {boxes, random.normal_tensor(regions)},
         .outputs = {map},
         .call = [](Kernels& kernels, auto& in,
                    auto& out) { kernels.roi_align_backward(in[0], in[1], size, out[0]); },
         .input_roles = {Role::parameter, Role::activation}});
}

/// Boxes with corners in any order and up to a quarter of the image outside it.
Tensor random_boxes(Random& random, int64_t images, int64_t per_image) {
    return random.uniform_tensor({images, per_image, 4}, -size / 4, 1.25 * size);
}

}  // namespace

TEST_SUITE("engine/cuda/roi_align") {
    TEST_CASE("both ways: boxes over each other and over the border, channels in packs or not") {
        Random random(1);
        check_both_ways(random, random_boxes(random, 2, 3), 7, 7, 8, 7);
        check_both_ways(random, random_boxes(random, 3, 6), 4, 7, 33, 3);
        check_both_ways(random, random_boxes(random, 1, 2), 3, 2, 264, 2);
        check_both_ways(random, random_boxes(random, 1, 1), 2, 3, 257, 1);
        check_both_ways(random, random_boxes(random, 2, 4), 1, 1, 5, 2);
        // More channels than the threads of a block take at once.
        check_both_ways(random, random_boxes(random, 1, 1), 2, 2, 2056, 2);
    }

    TEST_CASE("boxes at, on and beyond the edges of the map; of no size, inverted, not numbers") {
        Random random(2);
        const float edge = static_cast<float>(size), nan = NAN;
        const Tensor boxes = Tensor::from<float>(
            {0,         0,  edge,  edge, 20,  30,  20,        30,   50,  40,   10,   5,
             -3 * edge, 0,  -edge, edge, -16, -16, edge + 16, 80,   nan, 0,    edge, edge,
             60,        60, 64,    64,   0,   0,   0.5f,      0.5f, 8,   2000, 24,   3000},
            {1, 9, 4});
        check_both_ways(random, boxes, 4, 4, 8, 3);
        check_both_ways(random, boxes, 5, 3, 3, 2);
    }

    TEST_CASE("no boxes: no gradient; no images or channels: nothing") {
        Random random(3);
        check_both_ways(random, Tensor::empty({2, 0, 4}), 3, 3, 4, 2);
        check_both_ways(random, Tensor::empty({0, 2, 4}), 3, 3, 4, 2);
        check_both_ways(random, random_boxes(random, 1, 1), 3, 3, 0, 2);
    }

    TEST_CASE("more boxes than a block keeps the weights of") {
        Random random(4);
        check_both_ways(random, random_boxes(random, 1, 2048 / 40 + 2), 2, 2, 1, 40);
    }
}
