#include <doctest/doctest.h>
#include <cmath>
#include <cstring>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"

using namespace mdn;

namespace {

/// One convolution: x [clips·frames,height,width,in] ∗ [out,kernel,kernel,in].
struct Case {
    int64_t images, height, width, in, out, kernel;
    Conv2d options;
};

/// Channels 1 to 17 and beyond a vector, kernels 1/3/7, strides 1/2/3, odd and 1×1 maps, and the
/// temporal shift with 1, 2 and 3 frames.
const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {1, 1, 1, 1, 1, 1, {}},
        {2, 3, 5, 3, 4, 1, {}},
        {1, 5, 4, 8, 17, 1, {.stride = 2}},
        {3, 7, 7, 17, 8, 3, {.pad = 1}},
        {2, 1, 1, 8, 3, 3, {.pad = 1}},
        {2, 6, 5, 3, 8, 3, {.stride = 2, .pad = 1}},
        {1, 7, 6, 5, 3, 3, {.stride = 3}},
        {1, 9, 11, 3, 5, 7, {.stride = 2, .pad = 3}},
        {1, 8, 7, 1, 1, 7, {}},
        {1, 3, 2, 2, 3, 7, {.stride = 1, .pad = 3}},
        {1, 4, 4, 2, 3, 1, {.stride = 1, .pad = 1}},
        {2, 5, 3, 8, 8, 1, {.stride = 1, .pad = 0, .shift_frames = 1}},
        {4, 3, 3, 17, 5, 1, {.stride = 1, .pad = 0, .shift_frames = 2}},
        {6, 4, 5, 16, 3, 3, {.stride = 1, .pad = 1, .shift_frames = 3}},
        {6, 5, 4, 24, 9, 3, {.stride = 2, .pad = 1, .shift_frames = 3}},
        {3, 3, 3, 7, 2, 1, {.stride = 1, .pad = 0, .shift_frames = 3}},
        {1, 6, 5, 48, 20, 3, {.stride = 1, .pad = 1}},
    };
    return all;
}

Shape input_shape(const Case& c) { return {c.images, c.height, c.width, c.in}; }
Shape weight_shape(const Case& c) { return {c.out, c.kernel, c.kernel, c.in}; }

/// The definition, one product at a time (f64). `scale` and `shift` may be undefined.
Tensor plain_conv2d(const Tensor& x, const Tensor& scale, const Tensor& shift, const Tensor& weight,
                    const Conv2d& options) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3), fold = channels / 8;
    const int64_t out = weight.dim(0), kernel = weight.dim(1);
    const auto read = [&](int64_t n, int64_t y, int64_t x_position, int64_t c) {
        if (y < 0 || y >= height || x_position < 0 || x_position >= width) return 0.0;
        if (options.shift_frames > 0 && c < 2 * fold) {
            const int64_t from = n % options.shift_frames + (c < fold ? 1 : -1);
            if (from < 0 || from >= options.shift_frames) return 0.0;
            n += c < fold ? 1 : -1;
        }
        const double value =
            x.data<double>()[((n * height + y) * width + x_position) * channels + c];
        if (!scale.defined()) return value;
        return std::max(0.0, scale.data<double>()[c] * value + shift.data<double>()[c]);
    };
    const int64_t out_height = (height + 2 * options.pad - kernel) / options.stride + 1;
    const int64_t out_width = (width + 2 * options.pad - kernel) / options.stride + 1;
    Tensor y = Tensor::zeros({x.dim(0), out_height, out_width, out}, DType::f64);
    for (int64_t i = 0; i < y.numel(); ++i) {
        const int64_t o = i % out, column = i / out % out_width;
        const int64_t row = i / (out * out_width) % out_height,
                      n = i / (out * out_width * out_height);
        for (int64_t j = 0; j < kernel * kernel * channels; ++j) {
            const int64_t c = j % channels, kx = j / channels % kernel,
                          ky = j / (channels * kernel);
            y.data<double>()[i] += read(n, row * options.stride - options.pad + ky,
                                        column * options.stride - options.pad + kx, c) *
                                   weight.data<double>()[o * kernel * kernel * channels + j];
        }
    }
    return y;
}

struct BatchNorm {
    Tensor gamma, beta;
    RunningStatistics running;
    BatchNorm(Random& random, int64_t channels, DType dtype)
        : gamma(random.uniform_tensor({channels}, 0.5, 1.5, dtype)),
          beta(random.uniform_tensor({channels}, -0.5, 0.5, dtype)),
          running{random.uniform_tensor({channels}, -0.2, 0.2, dtype),
                  random.uniform_tensor({channels}, 0.5, 2, dtype)} {}
};

}  // namespace

TEST_SUITE("engine/ops/conv2d") {
    TEST_CASE("conv2d equals its definition") {
        Random random(1);
        for (const Case& c : cases()) {
            CAPTURE(to_string(input_shape(c)));
            CAPTURE(to_string(weight_shape(c)));
            const Tensor x = random.normal_tensor(input_shape(c), 1, DType::f64);
            const Tensor weight = random.normal_tensor(weight_shape(c), 1, DType::f64);
            const Tensor expected = plain_conv2d(x, {}, {}, weight, c.options);
            CHECK(test::relative_error(conv2d(x, weight, c.options), expected) <= 1e-13);
            CHECK(test::relative_error(conv2d(x.to(DType::f32), weight.to(DType::f32), c.options),
                                       expected) <= 1e-6);
        }
    }

    TEST_CASE("conv2d of a normalized input equals its definition") {
        Random random(2);
        for (const Case& c : cases()) {
            CAPTURE(to_string(input_shape(c)));
            CAPTURE(to_string(weight_shape(c)));
            const Tensor x = random.normal_tensor(input_shape(c), 1, DType::f64);
            const Tensor weight = random.normal_tensor(weight_shape(c), 1, DType::f64);
            BatchNorm bn(random, c.in, DType::f64);
            const Normalized n = batch_norm(x, bn.gamma, bn.beta, bn.running, {.training = false});
            CHECK(test::relative_error(conv2d(n, weight, c.options),
                                       plain_conv2d(x, n.scale, n.shift, weight, c.options)) <=
                  1e-13);
        }
    }

    TEST_CASE("conv2d gradient") {
        Random random(3);
        for (const Case& c : cases()) {
            CAPTURE(to_string(input_shape(c)));
            CAPTURE(to_string(weight_shape(c)));
            test::check_gradients([&](auto& in) { return conv2d(in[0], in[1], c.options); },
                                  {random.normal_tensor(input_shape(c), 1, DType::f64),
                                   random.normal_tensor(weight_shape(c), 1, DType::f64)});
        }
    }

    TEST_CASE("conv2d of a normalized input equals convolving normalize_relu, gradients too") {
        Random random(4);
        for (const Case& c : cases())
            for (bool training : {false, true}) {
                if (training && c.images * c.height * c.width == 1) continue;
                CAPTURE(to_string(input_shape(c)));
                CAPTURE(to_string(weight_shape(c)));
                CAPTURE(training);
                BatchNorm bn(random, c.in, DType::f64);
                const Tensor x = random.normal_tensor(input_shape(c), 1, DType::f64);
                const Tensor weight = random.normal_tensor(weight_shape(c), 1, DType::f64);
                Tensor seed;
                const auto run = [&](bool fused) {
                    std::vector<Tensor> leaves;
                    for (const Tensor& input : {x, bn.gamma, bn.beta, weight})
                        leaves.push_back(input.clone().set_requires_grad());
                    RunningStatistics running{bn.running.mean.clone(), bn.running.var.clone()};
                    const Normalized n = batch_norm(leaves[0], leaves[1], leaves[2], running,
                                                    {.training = training});
                    const Tensor y = fused ? conv2d(n, leaves[3], c.options)
                                           : conv2d(normalize_relu(n), leaves[3], c.options);
                    if (!seed.defined()) seed = random.normal_tensor(y.shape(), 1, DType::f64);
                    backward(y, seed);
                    std::vector<Tensor> results = {y.detach()};
                    for (const Tensor& leaf : leaves) results.push_back(leaf.grad());
                    return results;
                };
                const std::vector<Tensor> fused = run(true), composed = run(false);
                for (size_t i = 0; i < fused.size(); ++i) {
                    CAPTURE(i);
                    CHECK(test::relative_error(fused[i], composed[i]) <= 1e-12);
                }
            }
    }

    TEST_CASE("conv2d in float is as exact as its sums allow, gradients too, and repeatable") {
        Random random(5);
        // Large enough for every thread, several blocks along k and a split sum over pixels, with
        // too many channels (and not whole vectors of them) for any way but packed patches; the
        // second has phases of 3×3 weights in its input gradient.
        for (const Case& c :
             {Case{4, 15, 14, 56, 72, 3, {.stride = 1, .pad = 1, .shift_frames = 2}},
              Case{4, 40, 40, 72, 64, 7, {.stride = 2, .pad = 3}}}) {
            const Tensor x = random.normal_tensor(input_shape(c));
            const Tensor weight = random.normal_tensor(weight_shape(c));
            Tensor seed;
            const auto run = [&](DType dtype) {
                const Tensor in = x.to(dtype).set_requires_grad();
                const Tensor w = weight.to(dtype).set_requires_grad();
                const Tensor y = conv2d(in, w, c.options);
                if (!seed.defined()) seed = random.normal_tensor(y.shape());
                backward(y, seed.to(dtype));
                return std::vector<Tensor>{y.detach(), in.grad(), w.grad()};
            };
            const std::vector<Tensor> first = run(DType::f32), again = run(DType::f32);
            const std::vector<Tensor> exact = run(DType::f64);
            for (size_t i = 0; i < first.size(); ++i) {
                CAPTURE(i);
                CHECK(test::relative_error(first[i], exact[i]) <= 2e-6);
                CHECK(std::memcmp(first[i].raw(), again[i].raw(),
                                  static_cast<size_t>(first[i].bytes())) == 0);
            }
        }
    }

    TEST_CASE("a value that is not a number is not hidden by the ReLU in front") {
        Random random(7);
        // Few channels, packed patches and Winograd's, in whole vectors of channels and in the
        // rest.
        for (const auto& kind : {std::pair{DType::f32, 21}, {DType::f64, 70}, {DType::f32, 64}}) {
            const auto& [dtype, channels] = kind;
            CAPTURE(kind.second);
            Tensor x = random.normal_tensor({8, 14, 13, channels}, 1, dtype);
            const Tensor weight = random.normal_tensor({64, 3, 3, channels}, 1, dtype);
            for (const int64_t channel : {int64_t{2}, int64_t{channels} - 1}) {
                CAPTURE(channel);
                BatchNorm bn(random, channels, dtype);
                bn.gamma.copy_from(Tensor::full({channels}, 1, dtype));
                const Tensor shift = bn.beta.to(DType::f64);
                shift.data<double>()[channel] = std::nan("");
                bn.beta.copy_from(shift.to(dtype));
                const Normalized n =
                    batch_norm(x, bn.gamma, bn.beta, bn.running, {.training = false});
                CHECK(std::isnan(sum(conv2d(n, weight, {.pad = 1})).item()));
            }
        }
    }

    TEST_CASE("conv2d_folded equals the ops that it stands for") {
        const NoGrad no_grad;
        Random random(8);
        std::vector<Case> all = cases();
        // Several blocks along k and a last column that is no whole vector; Winograd's, in float;
        // few channels.
        all.push_back({4, 15, 14, 56, 72, 3, {.stride = 1, .pad = 1, .shift_frames = 2}});
        all.push_back({8, 14, 13, 64, 80, 3, {.pad = 1}});
        all.push_back({2, 21, 19, 8, 48, 3, {.stride = 2, .pad = 1}});
        for (const Case& c : all)
            for (const DType dtype : {DType::f32, DType::f64})
                for (const bool relu : {false, true})
                    for (const bool adds : {false, true}) {
                        CAPTURE(to_string(input_shape(c)));
                        CAPTURE(to_string(weight_shape(c)));
                        CAPTURE(relu);
                        CAPTURE(adds);
                        const Tensor x = random.normal_tensor(input_shape(c), 1, dtype);
                        const Tensor weight = random.normal_tensor(weight_shape(c), 1, dtype);
                        BatchNorm bn(random, c.out, dtype);
                        const Normalized n = batch_norm(conv2d(x, weight, c.options), bn.gamma,
                                                        bn.beta, bn.running, {.training = false});
                        const Tensor residual =
                            adds ? random.normal_tensor(n.x.shape(), 1, dtype) : Tensor();
                        Tensor expected = normalize(n);
                        if (adds) expected = add(expected, residual);
                        if (relu) expected = mdn::relu(expected);
                        const Tensor y = conv2d_folded(
                            x, weight, c.options,
                            fold_batch_norm(bn.gamma, bn.beta, bn.running, BatchNormOptions().eps),
                            relu, residual);
                        CHECK(test::relative_error(y, expected) <=
                              (dtype == DType::f64 ? 1e-13 : 1e-6));
                    }
    }

    TEST_CASE("a value that is not a number is not hidden by the ReLU of conv2d_folded") {
        const NoGrad no_grad;
        Random random(9);
        for (const auto& kind : {std::pair{DType::f32, 72}, {DType::f64, 21}, {DType::f32, 64}}) {
            const auto& [dtype, channels] = kind;
            CAPTURE(kind.second);
            const Tensor x = random.normal_tensor({8, 14, 13, 64}, 1, dtype);
            const Tensor weight = random.normal_tensor({channels, 3, 3, 64}, 1, dtype);
            for (const int64_t channel : {int64_t{2}, int64_t{channels} - 1}) {
                CAPTURE(channel);
                FoldedBatchNorm norm = {{}, Tensor::full({channels}, 1, dtype), {}};
                const Tensor shift = Tensor::full({channels}, 1, DType::f64);
                shift.data<double>()[channel] = std::nan("");
                norm.shift = shift.to(dtype);
                CHECK(std::isnan(sum(conv2d_folded(x, weight, {.pad = 1}, norm, true)).item()));
            }
        }
    }

    TEST_CASE("conv2d_folded names what does not fit, and refuses to be differentiated") {
        const Tensor x = Tensor::full({4, 5, 5, 3}, 1), weight = Tensor::full({2, 3, 3, 3}, 1);
        const Tensor ones = Tensor::full({2}, 1), three = Tensor::full({3}, 1);
        CHECK_THROWS_WITH_AS(conv2d_folded(x, weight, {}, {ones, ones, ones}, true),
                             doctest::Contains("there is no gradient"), Error);
        const NoGrad no_grad;
        CHECK_THROWS_WITH_AS(conv2d_folded(x, weight, {}, {ones, ones, three}, true),
                             doctest::Contains("[conv2d_folded] shift has shape [3]"), Error);
        CHECK_THROWS_WITH_AS(conv2d_folded(x, weight, {}, {ones, ones, ones}, true, x),
                             doctest::Contains("[conv2d_folded] residual has shape [4, 5, 5, 3]"),
                             Error);
    }

    TEST_CASE("conv2d computes only the gradients that are wanted") {
        Random random(6);
        const Tensor x = random.normal_tensor({2, 5, 5, 3}), w = random.normal_tensor({4, 3, 3, 3});
        Tensor weight = w.clone().set_requires_grad();
        backward(sum(conv2d(x, weight, {.pad = 1})));
        CHECK(weight.grad().defined());
        CHECK(!x.grad().defined());
        Tensor image = x.clone().set_requires_grad();
        backward(sum(conv2d(image, w, {.pad = 1})));
        CHECK(image.grad().defined());
        CHECK(!w.grad().defined());
    }

    TEST_CASE("conv2d names the shapes that do not fit") {
        const Tensor x = Tensor::full({4, 5, 5, 3}, 1), weight = Tensor::full({2, 3, 3, 3}, 1);
        CHECK_THROWS_WITH_AS(conv2d(x, Tensor::full({2, 3, 3, 4}, 1)),
                             doctest::Contains("[conv2d] weight has shape [2, 3, 3, 4]"), Error);
        CHECK_THROWS_WITH_AS(conv2d(x, Tensor::full({2, 7, 7, 3}, 1)),
                             doctest::Contains("does not fit into x [4, 5, 5, 3]"), Error);
        CHECK_THROWS_WITH_AS(conv2d(x, weight, {.stride = 0}), doctest::Contains("stride 0"),
                             Error);
        CHECK_THROWS_WITH_AS(conv2d(x, weight, {.stride = 1, .pad = 0, .shift_frames = 3}),
                             doctest::Contains("clips of 3 frames"), Error);
        CHECK_THROWS_WITH_AS(conv2d(x.view({20, 5, 3}), weight), doctest::Contains("4 axes"),
                             Error);
    }
}
