#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;
using test::Role;

TEST_SUITE("engine/cuda/depthwise_conv2d") {
    TEST_CASE("both ways: odd maps and kernels, padding, channels that divide into packs or not") {
        Random random(1);
        struct Case {
            Shape x;
            int64_t kernel_height, kernel_width, pad;
        };
        for (const Case& c : {Case{{1, 1, 1, 1}, 1, 1, 0}, Case{{2, 7, 7, 8}, 3, 3, 1},
                              Case{{3, 3, 3, 264}, 3, 3, 1}, Case{{2, 5, 4, 33}, 3, 3, 0},
                              Case{{1, 4, 9, 132}, 3, 5, 2}, Case{{2, 3, 2, 4}, 2, 3, 3},
                              Case{{1, 6, 5, 3}, 5, 5, 2}, Case{{0, 3, 3, 4}, 3, 3, 1},
                              Case{{130, 2, 1, 2}, 2, 1, 1}}) {
            CAPTURE(to_string(c.x));
            CAPTURE(to_string({c.kernel_height, c.kernel_width, c.pad}));
            const Shape out = {c.x[0], c.x[1] + 2 * c.pad - c.kernel_height + 1,
                               c.x[2] + 2 * c.pad - c.kernel_width + 1, c.x[3]};
            const Tensor x = random.normal_tensor(c.x);
            const Tensor weight = random.normal_tensor({c.kernel_height, c.kernel_width, c.x[3]});
            const Tensor dy = random.normal_tensor(out);
            test::check_kernel({.inputs = {x, weight},
                                .outputs = {out},
                                .call =
                                    [&](Kernels& kernels, auto& in, auto& out) {
                                        kernels.depthwise_conv2d_forward(in[0], in[1], c.pad,
                                                                         out[0]);
                                    },
                                .input_roles = {Role::activation, Role::parameter}});
            test::check_kernel(
                {.inputs = {x, weight, dy},
                 .outputs = {c.x, weight.shape()},
                 .call =
                     [&](Kernels& kernels, auto& in, auto& out) {
                         kernels.depthwise_conv2d_backward(in[0], in[1], in[2], c.pad, out[0],
                                                           out[1]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::activation},
                 .output_roles = {Role::activation, Role::parameter}});
        }
    }
}
