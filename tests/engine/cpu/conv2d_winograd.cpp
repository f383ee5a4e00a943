#include "engine/cpu/conv2d_winograd.h"

#include <doctest/doctest.h>
#include <cstring>

#include "engine/cpu/multiply_adds_saved.h"
#include "engine/kernels.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// Results of the three passes of a 3×3 convolution: y, dx, dW.
struct Passes {
    Tensor y, dx, dweight;
};

struct Inputs {
    Tensor x, weight, dy;
    ChannelAffine read;
    Conv2d options;

    Inputs to(DType dtype) const {
        return {x.to(dtype),
                weight.to(dtype),
                dy.to(dtype),
                {read.scale.to(dtype), read.shift.to(dtype), read.relu},
                options};
    }
};

Inputs random_inputs(Random& random, Shape x, int64_t out_channels, Conv2d options) {
    const int64_t grow = 2 * options.pad - 2, channels = x[3];
    return {random.normal_tensor(x, 1, DType::f64),
            random.normal_tensor({out_channels, 3, 3, channels}, 1, DType::f64),
            random.normal_tensor({x[0], x[1] + grow, x[2] + grow, out_channels}, 1, DType::f64),
            {random.normal_tensor({channels}, 1, DType::f64),
             random.normal_tensor({channels}, 1, DType::f64), true},
            options};
}

/// Through the kernels: direct sums in double, Winograd in float where it pays.
Passes through_kernels(const Inputs& in) {
    Passes out{empty_like(in.dy), empty_like(in.x), empty_like(in.weight)};
    Kernels& k = kernels(Device::cpu);
    k.conv2d_forward(in.x, in.read, in.weight, in.options, out.y);
    k.conv2d_backward_input(in.dy, in.weight, in.options, out.dx);
    k.conv2d_backward_weight(in.x, in.read, in.dy, in.options, out.dweight);
    return out;
}

/// Winograd in double, whatever the sizes (unshifted, since dx is asked for before the shift).
Passes through_winograd(const Inputs& in) {
    Passes out{empty_like(in.dy), empty_like(in.x), empty_like(in.weight)};
    const int64_t channels = in.x.dim(3), out_channels = in.weight.dim(0);
    Patches<double> patches{.image = in.x.data<double>(),
                            .images = in.x.dim(0),
                            .height = in.x.dim(1),
                            .width = in.x.dim(2),
                            .channels = channels,
                            .kernel_height = 3,
                            .kernel_width = 3,
                            .stride = 1,
                            .pad_y = in.options.pad,
                            .pad_x = in.options.pad,
                            .out_height = in.dy.dim(1),
                            .out_width = in.dy.dim(2),
                            .scale = in.read.scale.data<double>(),
                            .shift = in.read.shift.data<double>(),
                            .relu = true};
    winograd_conv2d(patches, {in.weight.data<double>(), out_channels, channels, false},
                    out.y.data<double>());
    winograd_weight_gradient(patches, in.dy.data<double>(), out_channels,
                             out.dweight.data<double>());
    const Patches<double> back{.image = in.dy.data<double>(),
                               .images = in.dy.dim(0),
                               .height = in.dy.dim(1),
                               .width = in.dy.dim(2),
                               .channels = out_channels,
                               .kernel_height = 3,
                               .kernel_width = 3,
                               .stride = 1,
                               .pad_y = 2 - in.options.pad,
                               .pad_x = 2 - in.options.pad,
                               .out_height = in.x.dim(1),
                               .out_width = in.x.dim(2)};
    winograd_conv2d(back, {in.weight.data<double>(), channels, out_channels, true},
                    out.dx.data<double>());
    return out;
}

void check_exact(const Inputs& in) {
    const Passes direct = through_kernels(in), winograd = through_winograd(in);
    CHECK(test::relative_error(winograd.y, direct.y) <= 1e-13);
    CHECK(test::relative_error(winograd.dx, direct.dx) <= 1e-13);
    CHECK(test::relative_error(winograd.dweight, direct.dweight) <= 1e-13);
}

}  // namespace

TEST_SUITE("engine/cpu/conv2d_winograd") {
    TEST_CASE("Winograd's passes equal direct sums to the last digits of a double") {
        Random random(1);
        for (const Shape& shape : {Shape{1, 4, 4, 16}, Shape{2, 5, 7, 32}, Shape{1, 1, 3, 48},
                                   Shape{3, 9, 8, 16}, Shape{1, 12, 12, 400}})
            for (int64_t pad : {1, 0, 2}) {
                if (shape[1] + 2 * pad < 3) continue;
                CAPTURE(to_string(shape));
                CAPTURE(pad);
                check_exact(random_inputs(random, shape, shape[3] == 16 ? 48 : 16,
                                          {.stride = 1, .pad = pad}));
            }
    }

    TEST_CASE("Winograd's tiles too many to be transformed at once give the same sums") {
        Random random(3);
        // Few weights: each group is one thread's.
        check_exact(random_inputs(random, {2, 79, 78, 16}, 48, {.stride = 1, .pad = 1}));
        // 3.6 MB of them: all threads share each group of 12 MB, 182 tiles of 36·(112 + 112)
        // doubles.
        check_exact(random_inputs(random, {1, 57, 54, 112}, 112, {.stride = 1, .pad = 1}));
    }

    TEST_CASE("Winograd's error in float is at most 2e-6 of the norm, with many channels too") {
        Random random(4);
        const Inputs in = random_inputs(random, {6, 14, 13, 256}, 256, {.stride = 1, .pad = 1});
        const Passes exact = through_kernels(in), got = through_kernels(in.to(DType::f32));
        for (Tensor Passes::*pass : {&Passes::y, &Passes::dx, &Passes::dweight})
            CHECK(test::relative_error(got.*pass, exact.*pass) <= 2e-6);
    }

    TEST_CASE("Winograd in float keeps five digits, and its bits from run to run") {
        Random random(2);
        for (const Conv2d& options :
             {Conv2d{.stride = 1, .pad = 1}, Conv2d{.stride = 1, .pad = 1, .shift_frames = 2}}) {
            const Inputs in = random_inputs(random, {8, 14, 13, 64}, 80, options);
            const Inputs in_float = in.to(DType::f32);
            REQUIRE(winograd_pays(Patches<float>{.images = 8,
                                                 .height = 14,
                                                 .width = 13,
                                                 .channels = 64,
                                                 .kernel_height = 3,
                                                 .kernel_width = 3,
                                                 .stride = 1,
                                                 .out_height = 14,
                                                 .out_width = 13},
                                  80));
            const Passes exact = through_kernels(in), got = through_kernels(in_float);
            const Passes again = through_kernels(in_float);
            for (Tensor Passes::*pass : {&Passes::y, &Passes::dx, &Passes::dweight}) {
                CHECK(test::relative_error(got.*pass, exact.*pass) <= 5e-6);
                CHECK(std::memcmp((got.*pass).raw(), (again.*pass).raw(),
                                  static_cast<size_t>((got.*pass).bytes())) == 0);
            }
        }
    }

    TEST_CASE("Winograd's passes count the multiply-adds that they save") {
        Random random(5);
        // 6 images of 4×4 tiles, cut at 14 and 13 pixels.
        const Inputs in = random_inputs(random, {6, 14, 13, 64}, 80, {.stride = 1, .pad = 1});
        const int64_t before = multiply_adds_saved();
        through_kernels(in.to(DType::f32));
        const int64_t direct = 6 * 14 * 13 * 9 * 64 * 80, performed = 6 * 16 * 36 * 64 * 80;
        CHECK(multiply_adds_saved() - before == 3 * (direct - performed));
        const int64_t after = multiply_adds_saved();
        through_kernels(in);  // in double, by direct sums
        CHECK(multiply_adds_saved() == after);
    }
}
