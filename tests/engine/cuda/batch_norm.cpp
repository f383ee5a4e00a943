#include <doctest/doctest.h>
#include <array>
#include <cmath>

#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

using test::Role;

/// Rows around a warp, a block and the rows of one block; channels that are whole packs, that are
/// not, and more than a warp.
const std::vector<Shape>& shapes() {
    static const std::vector<Shape> all = {{2, 1},   {3, 2, 3}, {31, 8},   {32, 33}, {33, 16},
                                           {255, 4}, {256, 5},  {257, 32}, {770, 3}, {2, 264}};
    return all;
}

void check_statistics(const Tensor& x, Random& random, const BatchNormOptions& options) {
    const Shape channels = {x.dim(-1)};
    CAPTURE(to_string(x.shape()));
    test::check_kernel({.inputs = {x, random.uniform_tensor(channels, 0.5, 1.5),
                                   random.uniform_tensor(channels, -0.5, 0.5),
                                   random.uniform_tensor(channels, -0.2, 0.2),
                                   random.uniform_tensor(channels, 0.5, 2)},
                        .outputs = {channels, channels, channels, channels, channels, channels},
                        .call =
                            [&](Kernels& k, auto& in, auto& out) {
                                k.copy(in[3], out[0]);
                                k.copy(in[4], out[1]);
                                k.batch_norm_statistics(in[0], in[1], in[2], options, out[0],
                                                        out[1], out[2], out[3], out[4], out[5]);
                            },
                        .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                        Role::parameter, Role::parameter},
                        .output_roles = std::vector<Role>(6, Role::parameter)});
}

}  // namespace

TEST_SUITE("engine/cuda/batch_norm") {
    TEST_CASE("statistics of the batch") {
        Random random(1);
        for (const Shape& shape : shapes())
            check_statistics(random.normal_tensor(shape, 3), random,
                             {.eps = 1e-5, .momentum = 0.3});
    }

    TEST_CASE("statistics from moments of blocks of rows") {
        Random random(12);
        for (const auto& [rows, channels] :
             std::vector<std::array<int64_t, 2>>{{2, 1}, {128, 7}, {129, 8}, {5000, 33}}) {
            const Shape c = {channels};
            const int64_t count = rows, blocks = (rows + moment_rows - 1) / moment_rows;
            const auto uniform = [&](double low, double high) {
                return random.uniform_tensor(c, low, high);
            };
            const Tensor moments = random.uniform_tensor({2, blocks, channels}, 3, 5);
            CAPTURE(count);
            test::check_kernel({.inputs = {moments, uniform(0.5, 1.5), uniform(-0.5, 0.5),
                                           uniform(-0.2, 0.2), uniform(0.5, 2)},
                                .outputs = {c, c, c, c, c, c},
                                .call =
                                    [count](Kernels& k, auto& in, auto& out) {
                                        k.copy(in[3], out[0]);
                                        k.copy(in[4], out[1]);
                                        k.batch_norm_from_moments(in[0], count, in[1], in[2],
                                                                  {.eps = 1e-5, .momentum = 0.3},
                                                                  out[0], out[1], out[2], out[3],
                                                                  out[4], out[5]);
                                    },
                                .input_roles = std::vector<Role>(5, Role::parameter),
                                .output_roles = std::vector<Role>(6, Role::parameter)});
        }
    }

    TEST_CASE("the moments that a convolution takes give the statistics of its output") {
        Random random(13);
        const Shape c = {12};
        const Tensor x = random.normal_tensor({2, 9, 11, 8}, 2);
        const Tensor weight = random.normal_tensor({12, 3, 3, 8});
        test::check_kernel(
            {.inputs = {x, weight, random.uniform_tensor(c, 0.5, 1.5),
                        random.uniform_tensor(c, -0.5, 0.5)},
             .outputs = {c, c, c, c},
             .call =
                 [&](Kernels& k, auto& in, auto& out) {
                     const Conv2d convolution{.stride = 1, .pad = 1};
                     const BatchNormOptions options;
                     Tensor y = empty_as(in[0], {2, 9, 11, 12});
                     Tensor moments = empty_parameter_as(in[0], {2, 2, 12});
                     Tensor mean = empty_like(in[2]), inv_std = empty_like(in[2]);
                     k.conv2d_forward_moments(in[0], {}, in[1], convolution, y, moments);
                     k.copy(in[3], out[0]);
                     k.copy(in[2], out[1]);
                     // The CPU reads the output again.
                     if (y.device() == Device::cuda)
                         k.batch_norm_from_moments(moments, 198, in[2], in[3], options, out[0],
                                                   out[1], mean, inv_std, out[2], out[3]);
                     else
                         k.batch_norm_statistics(y, in[2], in[3], options, out[0], out[1], mean,
                                                 inv_std, out[2], out[3]);
                 },
             .input_roles = {Role::activation, Role::parameter, Role::parameter, Role::parameter},
             .output_roles = std::vector<Role>(4, Role::parameter)});
    }

    TEST_CASE("a NaN in the batch shows in all statistics of its channel") {
        Random random(10);
        for (const Shape& shape : shapes()) {
            const Tensor x = random.normal_tensor(shape, 3);
            x.data<float>()[x.dim(-1) / 2] = NAN;
            check_statistics(x, random, {});
        }
    }

    TEST_CASE("folding more norms than a launch takes, narrow and wide") {
        Random random(9);
        std::vector<Tensor> inputs;
        std::vector<Shape> outputs;
        for (size_t n = 0; n < 131; ++n) {
            const Shape channels = {n % 60 == 7 ? 1031 : static_cast<int64_t>(n % 5 + 1)};
            inputs.push_back(random.normal_tensor(channels));
            inputs.push_back(random.normal_tensor(channels));
            inputs.push_back(random.normal_tensor(channels, 3));
            inputs.push_back(random.uniform_tensor(channels, 0.001, 4));
            outputs.insert(outputs.end(), 3, channels);
        }
        test::check_kernel({.inputs = inputs,
                            .outputs = outputs,
                            .call =
                                [](Kernels& k, auto& in, auto& out) {
                                    std::vector<BatchNormToFold> norms;
                                    for (size_t n = 0; n < out.size() / 3; ++n)
                                        norms.push_back(
                                            {in[4 * n],
                                             in[4 * n + 1],
                                             {in[4 * n + 2], in[4 * n + 3]},
                                             {out[3 * n], out[3 * n + 1], out[3 * n + 2]}});
                                    k.fold_batch_norms(norms, 1e-3);
                                    k.fold_batch_norms({}, 1e-3);
                                },
                            .input_roles = std::vector<Role>(inputs.size(), Role::parameter),
                            .output_roles = std::vector<Role>(outputs.size(), Role::parameter)});
    }

    TEST_CASE("statistics of more blocks of rows than a warp has lanes") {
        Random random(6);
        check_statistics(random.normal_tensor({8449, 2}, 3), random, {});
    }

    TEST_CASE("more packs than a launch has threads, which are no multiple of a row's") {
        Random random(7);
        const int64_t channels = 15;
        const Shape shape = {17 * 256 * 4 + 3, channels};
        test::check_kernel(
            {.inputs = {random.normal_tensor(shape), random.normal_tensor({channels}),
                        random.normal_tensor({channels})},
             .outputs = {shape},
             .call =
                 [](Kernels& k, auto& in, auto& out) {
                     k.copy(in[0], out[0]);
                     k.channel_affine_forward(out[0], {in[1], in[2]}, {}, {}, false, out[0]);
                 },
             .bf16 = false});
    }

    TEST_CASE("the variance is right far from zero and beside an outlier in the first row") {
        Random random(2);
        Tensor x = random.normal_tensor({600, 3});
        for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] += 1000;
        check_statistics(x, random, {});
        x = random.normal_tensor({600, 3});
        for (int64_t c = 0; c < 3; ++c) x.data<float>()[c] = 100;
        check_statistics(x, random, {});
    }

    TEST_CASE("y = a(x), plus a residual plain or through b, with and without ReLU, y being x") {
        Random random(3);
        for (const Shape& shape : shapes()) {
            const Shape channels = {shape.back()};
            CAPTURE(to_string(shape));
            const std::vector<Tensor> inputs = {
                random.normal_tensor(shape),    random.normal_tensor(channels),
                random.normal_tensor(channels), random.normal_tensor(shape),
                random.normal_tensor(channels), random.normal_tensor(channels),
            };
            for (const int residual : {0, 1, 2})
                for (const bool relu : {false, true}) {
                    CAPTURE(residual);
                    CAPTURE(relu);
                    const auto call = [&](Kernels& k, auto& in, auto& out) {
                        ChannelAffine b;
                        if (residual == 2) b = {in[4], in[5]};
                        k.copy(in[0], out[1]);
                        for (const Tensor& x : {in[0], out[1]}) {
                            Tensor y = x.shares_memory_with(in[0]) ? out[0] : out[1];
                            k.channel_affine_forward(x, {in[1], in[2]},
                                                     residual > 0 ? in[3] : Tensor(), b, relu, y);
                        }
                    };
                    test::check_kernel(
                        {.inputs = inputs,
                         .outputs = {shape, shape},
                         .call = call,
                         .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                         Role::activation, Role::parameter, Role::parameter}});
                }
        }
    }

    TEST_CASE("the affine map lets what is not a number through its ReLU") {
        const Tensor x = Tensor::from<float>({NAN, -1, 2, NAN}, {1, 4});
        const Tensor ones = Tensor::full({4}, 1).to(Device::cuda);
        Tensor y = x.to(Device::cuda);
        kernels(y).channel_affine_forward(y, {ones, ones}, {}, {}, true, y);
        const std::vector<float> values = y.to_vector<float>();
        CHECK(std::isnan(values[0]));
        CHECK(values[1] == 0);
        CHECK(values[2] == 3);
        CHECK(std::isnan(values[3]));
    }

    TEST_CASE("relu_backward from the output, dx being dy") {
        Random random(4);
        for (const Shape& shape : shapes())
            test::check_kernel(
                {.inputs = {random.normal_tensor(shape), random.normal_tensor(shape)},
                 .outputs = {shape},
                 .call = [](Kernels& k, auto& in, auto& out) {
                     k.copy(in[1], out[0]);
                     k.relu_backward(in[0], out[0], out[0]);
                 }});
    }

    TEST_CASE("NaN passes the ReLU's gradient as on the CPU") {
        Random random(6);
        for (const Shape& shape : shapes()) {
            const Shape channels = {shape.back()};
            const Tensor x = random.normal_tensor(shape);
            for (int64_t i = 0; i < x.numel(); i += 5) x.data<float>()[i] = NAN;
            test::check_kernel(
                {.inputs = {x, random.normal_tensor(channels),
                            random.uniform_tensor(channels, 0.5, 2),
                            random.uniform_tensor(channels, 0.5, 1.5),
                            random.uniform_tensor(channels, -0.5, 0.5),
                            random.normal_tensor(shape)},
                 .outputs = {shape, channels, channels},
                 .call =
                     [](Kernels& k, auto& in, auto& out) {
                         k.batch_norm_backward(in[0], in[1], in[2], {in[3], in[4], true}, false,
                                               in[5], out[0], out[1], out[2]);
                     },
                 .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                 Role::parameter, Role::parameter, Role::activation},
                 .output_roles = {Role::activation, Role::parameter, Role::parameter}});
        }
    }

    TEST_CASE("the gradient from sums that are there already, dx being dy") {
        Random random(14);
        for (const Shape& shape : shapes())
            for (const bool batch_statistics : {false, true}) {
                const Shape channels = {shape.back()};
                CAPTURE(to_string(shape));
                CAPTURE(batch_statistics);
                const auto uniform = [&](double low, double high) {
                    return random.uniform_tensor(channels, low, high);
                };
                test::check_kernel(
                    {.inputs = {random.normal_tensor(shape), uniform(-1, 1), uniform(0.5, 2),
                                uniform(0.5, 1.5), uniform(-0.5, 0.5), random.normal_tensor(shape),
                                uniform(-9, 9), uniform(-9, 9)},
                     .outputs = {shape},
                     .call =
                         [&](Kernels& k, auto& in, auto& out) {
                             k.copy(in[5], out[0]);
                             // A ReLU that is asked for is not applied again.
                             k.batch_norm_backward_from_sums(in[0], in[1], in[2],
                                                             {in[3], in[4], true}, batch_statistics,
                                                             out[0], in[6], in[7], out[0]);
                         },
                     .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                     Role::parameter, Role::parameter, Role::activation,
                                     Role::parameter, Role::parameter}});
            }
    }

    TEST_CASE("gradients with statistics of the batch and running ones, dx being dy") {
        Random random(5);
        for (const Shape& shape : shapes())
            for (const bool relu : {false, true})
                for (const bool batch_statistics : {false, true}) {
                    const Shape channels = {shape.back()};
                    CAPTURE(to_string(shape));
                    CAPTURE(relu);
                    CAPTURE(batch_statistics);
                    test::check_kernel(
                        {.inputs = {random.normal_tensor(shape), random.normal_tensor(channels),
                                    random.uniform_tensor(channels, 0.5, 2),
                                    random.uniform_tensor(channels, 0.5, 1.5),
                                    random.uniform_tensor(channels, -0.5, 0.5),
                                    random.normal_tensor(shape)},
                         .outputs = {shape, channels, channels},
                         .call =
                             [&](Kernels& k, auto& in, auto& out) {
                                 k.copy(in[5], out[0]);
                                 k.batch_norm_backward(in[0], in[1], in[2], {in[3], in[4], relu},
                                                       batch_statistics, out[0], out[0], out[1],
                                                       out[2]);
                             },
                         .input_roles = {Role::activation, Role::parameter, Role::parameter,
                                         Role::parameter, Role::parameter, Role::activation},
                         .output_roles = {Role::activation, Role::parameter, Role::parameter}});
                }
    }
}
