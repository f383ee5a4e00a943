#include <doctest/doctest.h>

#include "tests/engine/cuda/compare.h"

using namespace mdn;
using test::Role;

namespace {

struct Size {
    int64_t rows, in, out;
};

/// Whole numbers from -2 to 2: sums of their products are exact in whatever order they are added.
Tensor whole_numbers(Random& random, const Shape& shape) {
    const Tensor x = Tensor::empty(shape);
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data<float>()[i] = static_cast<float>(random.below(5) - 2);
    return x;
}

}  // namespace

TEST_SUITE("engine/cuda/linear") {
    TEST_CASE("forward with and without bias, and with GELU") {
        Random random(1);
        for (const auto& size : {Size{1, 1, 1}, Size{0, 4, 3}, Size{31, 5, 33}, Size{9, 32, 255},
                                 Size{8, 33, 256}, Size{17, 7, 257}})
            for (const bool with_bias : {false, true}) {
                const auto& [rows, in, out] = size;
                CAPTURE(to_string({size.rows, size.in, size.out}));
                CAPTURE(with_bias);
                const Tensor x = random.normal_tensor({rows, in});
                const Tensor weight = random.normal_tensor({out, in});
                const Tensor bias = with_bias ? random.normal_tensor({out}) : Tensor();
                const std::vector<Role> roles = {Role::activation, Role::parameter,
                                                 Role::parameter};
                test::check_kernel(
                    {.inputs = {x, weight, bias},
                     .outputs = {{rows, out}},
                     .call = [](Kernels& kernels, auto& in,
                                auto& out) { kernels.linear_forward(in[0], in[1], in[2], out[0]); },
                     .input_roles = roles});
                test::check_kernel({.inputs = {x, weight, bias},
                                    .outputs = {{rows, out}, {rows, out}},
                                    .call =
                                        [](Kernels& kernels, auto& in, auto& out) {
                                            kernels.linear_gelu_forward(in[0], in[1], in[2], out[0],
                                                                        out[1]);
                                        },
                                    .input_roles = roles});
            }
    }

    TEST_CASE("backward of the input, the weight and the bias") {
        Random random(2);
        // Rows around where a bias gradient is summed in one more block, and in more rows a block.
        for (const auto& size : {Size{1, 1, 1}, Size{0, 4, 3}, Size{7, 33, 31}, Size{8, 3, 32},
                                 Size{9, 3, 33}, Size{255, 2, 5}, Size{256, 2, 65}, Size{257, 3, 5},
                                 Size{513, 1, 2}, Size{512 * 256 + 9, 1, 1}}) {
            const auto& [rows, in, out] = size;
            CAPTURE(to_string({size.rows, size.in, size.out}));
            // Two orders of adding 100,000 random terms are further apart than the tolerance.
            const bool exact = rows > 1000;
            const auto draw = [&, rows = rows](int64_t width) {
                return exact ? whole_numbers(random, {rows, width})
                             : random.normal_tensor({rows, width});
            };
            const Tensor x = draw(in), dy = draw(out);
            const Tensor weight = random.normal_tensor({out, in});
            test::check_kernel(
                {.inputs = {dy, weight},
                 .outputs = {{rows, in}},
                 .call = [](Kernels& kernels, auto& in,
                            auto& out) { kernels.linear_backward_input(in[0], in[1], out[0]); },
                 .input_roles = {Role::activation, Role::parameter}});
            test::check_kernel({.inputs = {x, dy},
                                .outputs = {{out, in}, {out}},
                                .call =
                                    [](Kernels& kernels, auto& in, auto& out) {
                                        kernels.linear_backward_weight(in[0], in[1], out[0],
                                                                       out[1]);
                                    },
                                .output_roles = {Role::parameter, Role::parameter}});
        }
    }

    TEST_CASE("a weight's gradient alone") {
        Random random(3);
        test::check_kernel({.inputs = {random.normal_tensor({6, 4}), random.normal_tensor({6, 5})},
                            .outputs = {{5, 4}},
                            .call =
                                [](Kernels& kernels, auto& in, auto& out) {
                                    Tensor none;
                                    kernels.linear_backward_weight(in[0], in[1], out[0], none);
                                },
                            .output_roles = {Role::parameter}});
    }

    TEST_CASE("grouped: every group has its own layer, both ways") {
        Random random(4);
        struct Grouped {
            int64_t rows, groups, in, out;
        };
        for (const auto& size : {Grouped{1, 1, 1, 1}, Grouped{3, 6, 5, 2}, Grouped{33, 2, 4, 129},
                                 Grouped{0, 2, 3, 4}, Grouped{300, 3, 2, 1}}) {
            const auto& [rows, groups, in, out] = size;
            CAPTURE(to_string({size.rows, size.groups, size.in, size.out}));
            const Tensor x = random.normal_tensor({rows, groups, in});
            const Tensor weight = random.normal_tensor({groups, out, in});
            const Tensor bias = random.normal_tensor({groups, out});
            const Tensor dy = random.normal_tensor({rows, groups, out});
            test::check_kernel(
                {.inputs = {x, weight, bias},
                 .outputs = {{rows, groups, out}},
                 .call =
                     [](Kernels& kernels, auto& in, auto& out) {
                         kernels.grouped_linear_forward(in[0], in[1], in[2], out[0]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::parameter}});
            test::check_kernel(
                {.inputs = {x, weight, dy},
                 .outputs = {{rows, groups, in}, {groups, out, in}, {groups, out}},
                 .call =
                     [](Kernels& kernels, auto& in, auto& out) {
                         kernels.grouped_linear_backward(in[0], in[1], in[2], out[0], out[1],
                                                         out[2]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::activation},
                 .output_roles = {Role::activation, Role::parameter, Role::parameter}});
        }
    }
}
