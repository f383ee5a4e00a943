#include "engine/cuda/conv2d.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/launch_observer.h"
#include "tests/engine/cuda/allow_tf32.h"
#include "tests/engine/cuda/compare.h"

using namespace mdn;

namespace {

/// One convolution: x [images,height,width,in] ∗ [out,kernel_height,kernel_width,in].
struct Case {
    int64_t images, height, width, in, out, kernel_height, kernel_width;
    Conv2d options;
};

/// Kernels 1, 3, 7 and oblong ones, strides 1 to 3 (also larger than the kernel), odd and 1×1
/// maps, channels that are whole packs of f32 and bf16 and that are not, and the temporal shift
/// with folds that are and are not whole packs, over 1, 2 and 3 frames.
const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {1, 1, 1, 1, 1, 1, 1, {}},
        {2, 3, 5, 3, 4, 1, 1, {}},
        {2, 5, 3, 16, 24, 1, 1, {}},
        {1, 5, 4, 8, 17, 1, 1, {.stride = 2}},
        {2, 4, 3, 16, 8, 1, 1, {.stride = 3}},
        {1, 4, 4, 2, 3, 1, 1, {.stride = 1, .pad = 1}},
        {3, 7, 5, 17, 8, 3, 3, {.stride = 1, .pad = 1}},
        {2, 1, 1, 8, 3, 3, 3, {.stride = 1, .pad = 1}},
        {1, 6, 5, 16, 8, 3, 3, {.stride = 1, .pad = 1}},
        {1, 5, 6, 8, 8, 3, 1, {.stride = 1, .pad = 2}},
        {2, 6, 5, 3, 8, 3, 3, {.stride = 2, .pad = 1}},
        {2, 5, 7, 8, 16, 3, 3, {.stride = 2, .pad = 1}},
        {1, 7, 6, 5, 3, 3, 3, {.stride = 3}},
        {1, 9, 11, 3, 8, 7, 7, {.stride = 2, .pad = 3}},
        {1, 8, 7, 1, 1, 7, 7, {}},
        {1, 5, 5, 2, 1, 2, 2, {.stride = 2}},
        {1, 5, 7, 3, 2, 2, 2, {.stride = 2}},
        {1, 3, 2, 2, 3, 7, 7, {.stride = 1, .pad = 3}},
        {2, 5, 3, 8, 8, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 1}},
        {4, 3, 3, 17, 5, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 2}},
        {3, 2, 3, 64, 8, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 3}},
        {6, 4, 5, 32, 8, 3, 3, {.stride = 1, .pad = 1, .shift_frames = 3}},
        {6, 5, 4, 24, 9, 3, 3, {.stride = 2, .pad = 1, .shift_frames = 3}},
        {3, 3, 3, 7, 2, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 3}},
        {1, 31, 31, 8, 2, 3, 3, {.stride = 1, .pad = 1}},
    };
    return all;
}

/// More rows of patches than a GPU has threads for, so that each thread walks down several: to the
/// next line, image and clip, with rows of patches that are shorter and longer than a block, with
/// filling and without, and backwards (stride 2, a narrow kernel) over padding that is negative.
const std::vector<Case>& large_cases() {
    static const std::vector<Case> all = {
        {60, 3, 4, 64, 3, 3, 3, {.stride = 1, .pad = 1, .shift_frames = 4}},
        {30, 9, 10, 3, 2, 7, 7, {.stride = 2, .pad = 3}},
        {90, 5, 4, 24, 3, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 3}},
        {64, 4, 4, 64, 8, 1, 1, {.stride = 1, .pad = 0, .shift_frames = 2}},
        {3, 4, 3, 256, 2, 3, 3, {.stride = 1, .pad = 1}},
        {9, 9, 8, 8, 3, 7, 7, {.stride = 2, .pad = 3}},
        {24, 9, 10, 4, 128, 3, 1, {.stride = 2, .pad = 2}},
    };
    return all;
}

int64_t outputs(int64_t size, int64_t kernel, const Conv2d& options) {
    return (size + 2 * options.pad - kernel) / options.stride + 1;
}

/// The scratch memory of convolutions while the object lives.
struct Scratch {
    explicit Scratch(int64_t bytes) { set_conv2d_scratch(bytes); }
    ~Scratch() { set_conv2d_scratch(int64_t{32} << 20); }
};

/// Whether a case is also computed in bf16, and how close it comes in float.
struct Precision {
    double tolerance = 1e-5;
    bool bf16 = true;
    /// Numbers that TF32 has too, so that their products are exact: such that bf16 has.
    bool coarse = false;
};

/// All three kernels on random numbers. `read`: as it is, scaled and shifted, then also a ReLU.
enum class Read { plain, affine, relu };

void check_conv2d(Random& random, const Case& c, Read read, const Precision& precision = {}) {
    const Shape x_shape = {c.images, c.height, c.width, c.in};
    const Shape weight_shape = {c.out, c.kernel_height, c.kernel_width, c.in};
    const Shape y_shape = {c.images, outputs(c.height, c.kernel_height, c.options),
                           outputs(c.width, c.kernel_width, c.options), c.out};
    CAPTURE(to_string(x_shape));
    CAPTURE(to_string(weight_shape));
    CAPTURE(c.options.stride);
    CAPTURE(c.options.shift_frames);
    CAPTURE(static_cast<int>(read));
    const auto normal = [&](const Shape& shape) {
        const Tensor numbers = random.normal_tensor(shape);
        if (!precision.coarse) return numbers;
        return numbers.to(Device::cuda).to(DType::bf16).to(DType::f32).to(Device::cpu);
    };
    const Tensor x = normal(x_shape), dy = normal(y_shape), weight = normal(weight_shape);
    Tensor scale, shift;
    if (read != Read::plain) {
        scale = random.uniform_tensor({c.in}, 0.5, 1.5);
        shift = random.uniform_tensor({c.in}, -0.5, 0.5);
    }
    using test::Role;
    const auto affine = [read](const Tensor& scale, const Tensor& shift) {
        return ChannelAffine{scale, shift, read == Read::relu};
    };
    test::check_kernel(
        {.inputs = {x, scale, shift, weight},
         .outputs = {y_shape},
         .call =
             [&](Kernels& k, auto& in, auto& out) {
                 k.conv2d_forward(in[0], affine(in[1], in[2]), in[3], c.options, out[0]);
             },
         .input_roles = {Role::activation, Role::parameter, Role::parameter, Role::parameter},
         .tolerance = precision.tolerance,
         .bf16 = precision.bf16});
    test::check_kernel({.inputs = {x, scale, shift, dy},
                        .outputs = {weight_shape},
                        .call =
                            [&](Kernels& k, auto& in, auto& out) {
                                k.conv2d_backward_weight(in[0], affine(in[1], in[2]), in[3],
                                                         c.options, out[0]);
                            },
                        .input_roles = {Role::activation, Role::parameter, Role::parameter},
                        .output_roles = {Role::parameter},
                        .tolerance = precision.tolerance,
                        .bf16 = precision.bf16});
    if (read != Read::plain) return;  // dx does not know what was read
    test::check_kernel({.inputs = {dy, weight, normal(x_shape)},
                        .outputs = {x_shape},
                        .call =
                            [&](Kernels& k, auto& in, auto& out) {
                                k.copy(in[2], out[0]);
                                k.conv2d_backward_input_add(in[0], in[1], c.options, out[0]);
                            },
                        .input_roles = {Role::activation, Role::parameter, Role::activation},
                        .tolerance = precision.tolerance,
                        .bf16 = precision.bf16});
    test::check_kernel(
        {.inputs = {dy, weight},
         .outputs = {x_shape},
         .call = [&](Kernels& k, auto& in,
                     auto& out) { k.conv2d_backward_input(in[0], in[1], c.options, out[0]); },
         .input_roles = {Role::activation, Role::parameter},
         .tolerance = precision.tolerance,
         .bf16 = precision.bf16});
}

/// What lets a gradient through on its way out of the convolution.
enum class Mask { none, norm, output };

/// The gradient of the input with the sums of the batch norm in front, over or onto what is there.
void check_sums(Random& random, const Case& c, bool add, Mask mask) {
    const Shape x_shape = {c.images, c.height, c.width, c.in}, channels = {c.in};
    const Shape dy_shape = {c.images, outputs(c.height, c.kernel_height, c.options),
                            outputs(c.width, c.kernel_width, c.options), c.out};
    CAPTURE(to_string(x_shape));
    CAPTURE(c.kernel_height);
    CAPTURE(c.options.stride);
    CAPTURE(c.options.shift_frames);
    CAPTURE(add);
    CAPTURE(static_cast<int>(mask));
    using test::Role;
    test::check_kernel(
        {.inputs = {random.normal_tensor(dy_shape),
                    random.normal_tensor({c.out, c.kernel_height, c.kernel_width, c.in}),
                    random.normal_tensor(x_shape), random.normal_tensor(x_shape, 3),
                    random.uniform_tensor(channels, -1, 1), random.uniform_tensor(channels, 0.5, 2),
                    random.uniform_tensor(channels, 0.5, 1.5),
                    random.uniform_tensor(channels, -0.5, 0.5),
                    mask == Mask::output ? random.normal_tensor(x_shape) : Tensor()},
         .outputs = {x_shape, channels, channels},
         .call =
             [&](Kernels& k, auto& in, auto& out) {
                 if (add) k.copy(in[2], out[0]);
                 const NormAndRelu norm{
                     in[3], in[4], in[5], {in[6], in[7], mask == Mask::norm}, in[8]};
                 k.conv2d_backward_input_sums(in[0], in[1], c.options, add, norm, out[0], out[1],
                                              out[2]);
             },
         .input_roles = {Role::activation, Role::parameter, Role::activation, Role::activation,
                         Role::parameter, Role::parameter, Role::parameter, Role::parameter,
                         Role::activation},
         .output_roles = {Role::activation, Role::parameter, Role::parameter}});
}

}  // namespace

TEST_SUITE("engine/cuda/conv2d") {
    TEST_CASE("conv2d and its gradients, plain and reading relu(BN(x))") {
        Random random(1);
        for (const Case& c : cases())
            for (const Read read : {Read::plain, Read::affine, Read::relu})
                check_conv2d(random, c, read);
    }

    TEST_CASE("conv2d in TF32") {
        Random random(9);
        const test::AllowTf32 allowed;
        for (const Case& c : cases())
            check_conv2d(random, c, Read::plain,
                         {.tolerance = 1e-5, .bf16 = false, .coarse = true});
        // What relu(BN(x)) gives is rounded, by 2⁻¹¹ at most.
        for (const Case& c : cases())
            check_conv2d(random, c, Read::relu, {.tolerance = 5e-4, .bf16 = false});
    }

    TEST_CASE("conv2d with many rows of patches for each thread") {
        Random random(4);
        for (const Case& c : large_cases()) {
            check_conv2d(random, c, Read::plain);
            check_conv2d(random, c, Read::relu);
        }
        // Chunks of 100 and 200 rows of 12 pixels an image: they begin within a line.
        const Scratch some(100 * 64 * 9 * 4);
        check_conv2d(random, large_cases().front(), Read::relu);
    }

    TEST_CASE("conv2d cut into chunks of a few rows, one row, and whole tiles") {
        Random random(2);
        for (const Case& c : cases()) {
            const Scratch few(5 * (c.kernel_height * c.kernel_width * c.in + 8) * 4);
            check_conv2d(random, c, Read::plain);
        }
        {
            const Scratch less_than_a_row(1);
            check_conv2d(random, {2, 3, 3, 8, 8, 3, 3, {.stride = 2, .pad = 1}}, Read::relu);
        }
        // 300 rows of 112 or 64 bytes: in f32 chunks of 256 and 44 rows.
        const Scratch two(260 * 112);
        check_conv2d(random, {2, 15, 10, 3, 4, 3, 3, {.stride = 1, .pad = 1}}, Read::relu);
    }

    TEST_CASE("what is not a number stays within reach of the kernel") {
        Random random(3);
        const Conv2d options{.stride = 1, .pad = 1};
        Tensor x = random.normal_tensor({1, 9, 8, 3});
        x.data<float>()[(4 * 8 + 4) * 3] = NAN;
        test::check_kernel(
            {.inputs = {x, random.normal_tensor({4, 3, 3, 3})},
             .outputs = {{1, 9, 8, 4}},
             .call = [&](Kernels& k, auto& in,
                         auto& out) { k.conv2d_forward(in[0], {}, in[1], options, out[0]); },
             .input_roles = {test::Role::activation, test::Role::parameter}});
    }

    TEST_CASE("strides that lead beyond 2³¹ are refused") {
        const auto forward = [](int64_t stride) {
            Tensor y = Tensor::empty({1, 1, 1, 2}, DType::f32, Device::cuda);
            kernels(Device::cuda)
                .conv2d_forward(Tensor::zeros({1, 3, 3, 3}, DType::f32, Device::cuda), {},
                                Tensor::zeros({2, 3, 3, 3}, DType::f32, Device::cuda),
                                {.stride = stride}, y);
        };
        CHECK_NOTHROW(forward(int64_t{1} << 29));
        CHECK_THROWS_AS(forward(int64_t{1} << 30), Error);
    }

    TEST_CASE("moments of the output, in blocks of rows") {
        Random random(5);
        // 1 to 600 rows: blocks that are whole, nearly whole and of one row; outputs that are whole
        // units and that are not, of one tile and of two; far from zero beside their spread.
        const std::vector<Case> some = {
            {1, 1, 1, 8, 3, 1, 1, {}},
            {1, 16, 8, 8, 64, 1, 1, {}},
            {1, 43, 3, 16, 72, 1, 1, {}},
            {3, 5, 17, 8, 136, 3, 3, {.stride = 1, .pad = 1, .shift_frames = 3}},
            {2, 15, 20, 3, 10, 3, 3, {.stride = 1, .pad = 1}},
        };
        for (const Case& c : some) {
            const Shape y = {c.images, outputs(c.height, c.kernel_height, c.options),
                             outputs(c.width, c.kernel_width, c.options), c.out};
            const int64_t rows = y[0] * y[1] * y[2];
            CAPTURE(to_string(y));
            const Tensor weight =
                random.uniform_tensor({c.out, c.kernel_height, c.kernel_width, c.in}, 0.5, 1.5);
            test::check_kernel(
                {.inputs = {random.normal_tensor({c.images, c.height, c.width, c.in}), weight,
                            random.uniform_tensor({c.in}, 0.5, 1.5),
                            random.uniform_tensor({c.in}, 0.5, 1)},
                 .outputs = {y, {2, (rows + moment_rows - 1) / moment_rows, c.out}},
                 .call =
                     [&](Kernels& k, auto& in, auto& out) {
                         k.conv2d_forward_moments(in[0], {in[2], in[3], true}, in[1], c.options,
                                                  out[0], out[1]);
                     },
                 .input_roles = {test::Role::activation, test::Role::parameter,
                                 test::Role::parameter, test::Role::parameter},
                 .output_roles = {test::Role::activation, test::Role::parameter}});
        }
    }

    TEST_CASE("few tiles over a long depth are cut along it, unless moments are asked for") {
        Random random(8);
        // 36, 18 and 15 steps of bf16 (of f32 twice as many): parts that are all of one length, a
        // last one that is shorter or not whole, outputs that are whole units and that are not.
        const std::vector<Case> some = {
            {2, 7, 7, 256, 72, 3, 3, {.stride = 1, .pad = 1}},
            {3, 5, 4, 128, 130, 3, 3, {.stride = 2, .pad = 1, .shift_frames = 3}},
            {1, 6, 5, 100, 9, 3, 3, {.stride = 1, .pad = 1}},
        };
        for (const Case& c : some) {
            check_conv2d(random, c, Read::relu);
            struct Launches final : LaunchObserver {
                int count = 0;
                void kernel_launched() override { ++count; }
                void product_begins() override {}
                void product_ends() override {}
            };
            const Shape shape = {c.images, outputs(c.height, c.kernel_height, c.options),
                                 outputs(c.width, c.kernel_width, c.options), c.out};
            const auto launches = [&](bool with_moments) {
                const auto on_gpu = [&](const Shape& of) {
                    return random.normal_tensor(of).to(Device::cuda);
                };
                const Tensor x = on_gpu({c.images, c.height, c.width, c.in});
                const Tensor weight = on_gpu({c.out, c.kernel_height, c.kernel_width, c.in});
                Tensor y = empty_as(x, shape);
                Tensor moments = empty_as(x, {2, 1, c.out});
                Launches observed;
                launch_observer = &observed;
                if (with_moments)
                    kernels(x).conv2d_forward_moments(x, {}, weight, c.options, y, moments);
                else
                    kernels(x).conv2d_forward(x, {}, weight, c.options, y);
                launch_observer = nullptr;
                return observed.count;
            };
            CHECK(launches(false) == 2);
            CHECK(launches(true) == 1);
            const Scratch too_small(1024);
            CHECK(launches(false) == 1);
        }
    }

    TEST_CASE("the gradient of the input takes the sums of the batch norm in front") {
        Random random(6);
        std::vector<Case> some = cases();
        // Two tiles of columns, and rows that end within the third tile of each phase.
        some.push_back({3, 22, 18, 136, 16, 3, 3, {.stride = 2, .pad = 1, .shift_frames = 3}});
        some.push_back({2, 13, 11, 72, 8, 1, 1, {}});
        for (const Case& c : some) {
            const bool all_pixels = std::min(c.kernel_height, c.kernel_width) >= c.options.stride;
            check_sums(random, c, false, Mask::norm);
            if (all_pixels) check_sums(random, c, true, Mask::output);
        }
        check_sums(random, some.back(), false, Mask::none);
    }

    TEST_CASE("sums beside pixels that nobody writes are refused") {
        const auto zeros = [](const Shape& shape) {
            return Tensor::zeros(shape, DType::f32, Device::cuda);
        };
        Tensor dx = zeros({1, 3, 3, 2}), dgamma = zeros({2}), dbeta = zeros({2});
        const NormAndRelu norm{dx, dgamma, dgamma, {dgamma, dgamma}, {}};
        CHECK_THROWS_AS(
            kernels(Device::cuda)
                .conv2d_backward_input_sums(zeros({1, 2, 2, 4}), zeros({4, 1, 1, 2}), {.stride = 2},
                                            true, norm, dx, dgamma, dbeta),
            std::logic_error);
    }

    TEST_CASE("a convolution that is finished on the way") {
        Random random(6);
        // All numbers are positive: rounding to bf16 before the sum is then small beside it.
        for (const bool adds : {false, true}) {
            CAPTURE(adds);
            test::check_kernel({.inputs = {random.uniform_tensor({2, 5, 7, 8}, 0.5, 1.5),
                                           random.uniform_tensor({10, 3, 3, 8}, 0.5, 1.5),
                                           random.uniform_tensor({10}, 0.5, 1.5),
                                           random.uniform_tensor({10}, 0.5, 1),
                                           random.uniform_tensor({2, 5, 7, 10}, 0.5, 1.5)},
                                .outputs = {{2, 5, 7, 10}},
                                .call =
                                    [&](Kernels& k, auto& in, auto& out) {
                                        k.conv2d_forward_finished(
                                            in[0], in[1], {.stride = 1, .pad = 1},
                                            {in[2], in[3], true}, adds ? in[4] : Tensor(), out[0]);
                                    },
                                .input_roles = {test::Role::activation, test::Role::parameter,
                                                test::Role::parameter, test::Role::parameter,
                                                test::Role::activation}});
        }
    }

    TEST_CASE("an empty batch has a weight gradient of zero, and sums of zero") {
        Random random(7);
        check_sums(random, {0, 3, 3, 4, 2, 3, 3, {.stride = 1, .pad = 1}}, false, Mask::norm);
        const Tensor x = Tensor::empty({0, 3, 3, 4}), dy = Tensor::empty({0, 3, 3, 2});
        test::check_kernel({.inputs = {x, dy},
                            .outputs = {{2, 3, 3, 4}},
                            .call =
                                [](Kernels& k, auto& in, auto& out) {
                                    k.conv2d_backward_weight(in[0], {}, in[1],
                                                             {.stride = 1, .pad = 1}, out[0]);
                                },
                            .output_roles = {test::Role::parameter}});
    }
}
