#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;
using test::Role;

TEST_SUITE("engine/cuda/layer_norm") {
    TEST_CASE("both ways, widths around a warp, rows around a block's and a sum's") {
        Random random(1);
        for (const Shape& shape : {Shape{1, 1}, Shape{0, 4}, Shape{7, 31}, Shape{8, 32},
                                   Shape{9, 33}, Shape{3, 257}, Shape{257, 5}, Shape{520, 2}}) {
            CAPTURE(to_string(shape));
            const Shape rows = {shape[0]}, width = {shape[1]};
            // Far from zero, so that a variance as a difference of squares would show.
            Tensor x = random.uniform_tensor(shape, 30, 33);
            const Tensor gamma = random.normal_tensor(width), beta = random.normal_tensor(width);
            test::check_kernel(
                {.inputs = {x, gamma, beta},
                 .outputs = {shape, rows, rows},
                 .call =
                     [](Kernels& kernels, auto& in, auto& out) {
                         kernels.layer_norm_forward(in[0], in[1], in[2], 1e-3, out[0], out[1],
                                                    out[2]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::parameter},
                 .output_roles = {Role::activation, Role::parameter, Role::parameter}});

            // Of a single element x̂ and dx are zero, and what is computed is rounding.
            if (shape[1] == 1) continue;
            x = random.normal_tensor(shape);
            Tensor y = Tensor::empty(shape), mean = Tensor::empty(rows),
                   inv_std = Tensor::empty(rows);
            kernels(x).layer_norm_forward(x, gamma, beta, 1e-3, y, mean, inv_std);
            test::check_kernel(
                {.inputs = {x, gamma, mean, inv_std, random.normal_tensor(shape)},
                 .outputs = {shape, width, width},
                 .call =
                     [](Kernels& kernels, auto& in, auto& out) {
                         kernels.layer_norm_backward(in[0], in[1], in[2], in[3], in[4], out[0],
                                                     out[1], out[2]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                 Role::parameter, Role::activation},
                 .output_roles = {Role::activation, Role::parameter, Role::parameter}});
        }
    }
}
