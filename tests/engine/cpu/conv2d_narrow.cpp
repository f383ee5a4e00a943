#include "engine/cpu/conv2d_narrow.h"

#include <doctest/doctest.h>
#include <cstring>

#include "engine/kernels.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// One convolution: x [images,height,width,in] ∗ [out,kernel_height,kernel_width,in].
struct Case {
    int64_t images, height, width, in, out, kernel_height, kernel_width;
    Conv2d options;
};

/// One and several vectors of channels in and out, with a last panel of half the width (48 with
/// AVX-512, three vectors with any); rows of
/// one to four tiles of every size and their remainders; steps from patch to patch that the
/// compiler knows and others; images of one strip and of several.
const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {2, 19, 21, 3, 16, 7, 7, {.stride = 2, .pad = 3}},
        {1, 5, 1, 1, 16, 3, 1, {}},
        {3, 9, 14, 16, 16, 3, 3, {.stride = 1, .pad = 1}},
        {6, 7, 29, 16, 32, 3, 3, {.stride = 1, .pad = 1, .shift_frames = 3}},
        {4, 8, 11, 32, 48, 3, 3, {.stride = 2, .pad = 1, .shift_frames = 2}},
        {2, 10, 9, 7, 64, 2, 5, {.stride = 3, .pad = 1}},
        {1, 2, 3, 48, 16, 5, 4, {.stride = 1, .pad = 4}},
        {1, 90, 61, 17, 16, 3, 2, {.stride = 1, .pad = 2}},
        {2, 71, 45, 16, 16, 3, 3, {.stride = 2, .pad = 1, .shift_frames = 2}},
        {1, 4, 58, 64, 16, 3, 3, {.stride = 1, .pad = 1}},
        {1, 3, 25, 64, 32, 3, 3, {.stride = 1, .pad = 1}},
        {3, 5, 113, 3, 16, 7, 7, {.stride = 2, .pad = 3, .shift_frames = 3}},
        {2, 6, 11, 5, 3 * lanes<float>, 3, 3, {.stride = 1, .pad = 1}},
        {2, 6, 11, 3 * lanes<float>, lanes<float>, 3, 3, {.stride = 1, .pad = 1}},
    };
    return all;
}

struct Inputs {
    Tensor x, weight, dy;
    ChannelAffine read;
    Conv2d options;
};

Inputs random_inputs(Random& random, const Case& c, bool normalized) {
    const auto size = [&](int64_t length, int64_t kernel) {
        return (length + 2 * c.options.pad - kernel) / c.options.stride + 1;
    };
    const auto normal = [&](const Shape& shape) {
        return random.normal_tensor(shape, 1, DType::f64);
    };
    Inputs in{
        normal({c.images, c.height, c.width, c.in}),
        normal({c.out, c.kernel_height, c.kernel_width, c.in}),
        normal({c.images, size(c.height, c.kernel_height), size(c.width, c.kernel_width), c.out}),
        {},
        c.options};
    if (normalized) in.read = {normal({c.in}), normal({c.in}), true};
    return in;
}

/// Results of the three passes: y, dx, dW.
struct Passes {
    Tensor y, dx, dweight;
};

Passes through_kernels(const Inputs& in, DType dtype) {
    ChannelAffine read;
    if (in.read.defined()) read = {in.read.scale.to(dtype), in.read.shift.to(dtype), in.read.relu};
    const Tensor x = in.x.to(dtype), weight = in.weight.to(dtype), dy = in.dy.to(dtype);
    Passes out{empty_like(dy), empty_like(x), empty_like(weight)};
    Kernels& k = kernels(Device::cpu);
    k.conv2d_forward(x, read, weight, in.options, out.y);
    k.conv2d_backward_input(dy, weight, in.options, out.dx);
    k.conv2d_backward_weight(x, read, dy, in.options, out.dweight);
    return out;
}

/// The definition: every product of an input, a weight and an output channel, one at a time.
Passes through_definition(const Inputs& in) {
    Passes out{Tensor::zeros(in.dy.shape(), DType::f64), Tensor::zeros(in.x.shape(), DType::f64),
               Tensor::zeros(in.weight.shape(), DType::f64)};
    const int64_t fold = in.x.dim(3) / 8, frames = in.options.shift_frames;
    for (int64_t pixel = 0; pixel < in.dy.numel() / in.dy.dim(3); ++pixel)
        for (int64_t tap = 0; tap < in.weight.numel() / in.weight.dim(0); ++tap) {
            const int64_t c = tap % in.x.dim(3), kx = tap / in.x.dim(3) % in.weight.dim(2);
            const int64_t ky = tap / (in.x.dim(3) * in.weight.dim(2));
            const int64_t x = pixel % in.dy.dim(2) * in.options.stride - in.options.pad + kx;
            const int64_t y =
                pixel / in.dy.dim(2) % in.dy.dim(1) * in.options.stride - in.options.pad + ky;
            int64_t image = pixel / (in.dy.dim(1) * in.dy.dim(2));
            if (x < 0 || x >= in.x.dim(2) || y < 0 || y >= in.x.dim(1)) continue;
            if (frames > 0 && c < 2 * fold) {
                const int64_t move = c < fold ? 1 : -1, from = image % frames + move;
                if (from < 0 || from >= frames) continue;
                image += move;
            }
            const int64_t source = ((image * in.x.dim(1) + y) * in.x.dim(2) + x) * in.x.dim(3) + c;
            double value = in.x.data<double>()[source];
            if (in.read.defined())
                value = std::max(
                    0.0, in.read.scale.data<double>()[c] * value + in.read.shift.data<double>()[c]);
            for (int64_t o = 0; o < in.dy.dim(3); ++o) {
                const int64_t w = o * (in.weight.numel() / in.weight.dim(0)) + tap;
                const int64_t result = pixel * in.dy.dim(3) + o;
                out.y.data<double>()[result] += value * in.weight.data<double>()[w];
                out.dx.data<double>()[source] +=
                    in.dy.data<double>()[result] * in.weight.data<double>()[w];
                out.dweight.data<double>()[w] += in.dy.data<double>()[result] * value;
            }
        }
    return out;
}

}  // namespace

TEST_SUITE("engine/cpu/conv2d_narrow") {
    TEST_CASE("narrow convolutions equal their definition, with the same bits in every run") {
        Random random(1);
        for (const Case& c : cases())
            for (bool normalized : {false, true}) {
                CAPTURE(c.in);
                CAPTURE(c.out);
                CAPTURE(c.width);
                CAPTURE(normalized);
                REQUIRE(narrow_pays(Patches<float>{.images = 1,
                                                   .channels = c.in,
                                                   .kernel_height = c.kernel_height,
                                                   .kernel_width = c.kernel_width,
                                                   .out_height = 1,
                                                   .out_width = 1},
                                    c.out));
                const Inputs in = random_inputs(random, c, normalized);
                const Passes expected = through_definition(in);
                const Passes exact = through_kernels(in, DType::f64);
                const Passes rounded = through_kernels(in, DType::f32);
                const Passes again = through_kernels(in, DType::f32);
                for (Tensor Passes::*pass : {&Passes::y, &Passes::dx, &Passes::dweight}) {
                    CHECK(test::relative_error(exact.*pass, expected.*pass) <= 1e-13);
                    CHECK(test::relative_error(rounded.*pass, expected.*pass) <= 1e-6);
                    CHECK(std::memcmp((rounded.*pass).raw(), (again.*pass).raw(),
                                      static_cast<size_t>((again.*pass).bytes())) == 0);
                }
            }
    }
}
