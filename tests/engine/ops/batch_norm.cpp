#include <doctest/doctest.h>
#include <cmath>
#include <cstring>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/ops/bad_numbers.h"

using namespace mdn;

namespace {

RunningStatistics fresh(int64_t channels, DType dtype = DType::f64) {
    return {Tensor::zeros({channels}, dtype), Tensor::full({channels}, 1, dtype)};
}

RunningStatistics random_statistics(Random& random, int64_t channels) {
    return {random.normal_tensor({channels}, 1, DType::f64),
            random.uniform_tensor({channels}, 0.5, 2, DType::f64)};
}

/// x̂·γ + β by two plain passes; `training` false takes the given statistics.
std::vector<double> plain_batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                     const RunningStatistics& running,
                                     const BatchNormOptions& options) {
    const int64_t channels = x.dim(-1), rows = x.numel() / channels;
    const double* in = x.data<double>();
    std::vector<double> y(x.numel());
    for (int64_t c = 0; c < channels; ++c) {
        double mean = running.mean.data<double>()[c], variance = running.var.data<double>()[c];
        if (options.training) {
            mean = variance = 0;
            for (int64_t n = 0; n < rows; ++n) mean += in[n * channels + c] / rows;
            for (int64_t n = 0; n < rows; ++n)
                variance += std::pow(in[n * channels + c] - mean, 2) / rows;
        }
        for (int64_t n = 0; n < rows; ++n)
            y[n * channels + c] = (in[n * channels + c] - mean) /
                                      std::sqrt(variance + options.eps) * gamma.data<double>()[c] +
                                  beta.data<double>()[c];
    }
    return y;
}

struct Case {
    Shape shape;
    bool training;
};

// One row per channel only in evaluation; 300 channels are wider than one pass over the registers,
// 3 do not divide them; {65, 33, 16} is summed in more than one chunk and on several threads.
const std::vector<Case> cases = {
    {{2, 3, 5, 4}, true}, {{2, 3, 5, 4}, false},   {{2, 1, 1, 1}, true},    {{1, 1, 1, 12}, false},
    {{7, 3}, true},       {{7, 3}, false},         {{5, 300}, true},        {{5, 300}, false},
    {{65, 33, 16}, true}, {{3, 1, 1, 6, 2}, true}, {{3, 1, 1, 6, 2}, false}};

struct Operands {
    Tensor x, gamma, beta;
    RunningStatistics running;
    Operands(Random& random, const Shape& shape)
        : x(random.normal_tensor(shape, 2, DType::f64)),
          gamma(random.normal_tensor({shape.back()}, 1, DType::f64)),
          beta(random.normal_tensor({shape.back()}, 1, DType::f64)),
          running(random_statistics(random, shape.back())) {}
    Normalized normalized(const BatchNormOptions& options) {
        return batch_norm(x, gamma, beta, running, options);
    }
    std::vector<double> plain(const BatchNormOptions& options) const {
        return plain_batch_norm(x, gamma, beta, running, options);
    }
};

Tensor from(const std::vector<double>& values, const Shape& shape) {
    return Tensor::from(values, shape);
}

/// Moves every element of `residual` whose sum with `y` lies within 1e-2 of 0 away from it, so
/// that no difference quotient straddles the ReLU's kink.
void avoid_kink(const Tensor& y, const Tensor& residual) {
    for (int64_t i = 0; i < y.numel(); ++i) {
        double& r = residual.data<double>()[i];
        if (std::abs(y.data<double>()[i] + r) < 1e-2) r += 0.1;
    }
}

/// The same for relu(BN(x)) itself: lifts β where BN(x) comes too close to 0.
void avoid_kink(Operands& in, const BatchNormOptions& options) {
    const int64_t channels = in.gamma.numel();
    for (bool moved = true; moved;) {
        moved = false;
        const std::vector<double> y = in.plain(options);
        for (size_t i = 0; i < y.size(); ++i)
            if (std::abs(y[i]) < 2e-4) {
                in.beta.data<double>()[i % channels] += 1e-3;
                moved = true;
                break;
            }
    }
}

/// check_gradients, with few samples where the tensors are only large to engage several threads.
void check(const test::Function& f, const std::vector<Tensor>& inputs) {
    const test::GradientError error =
        test::gradient_error(f, inputs, inputs[0].numel() > 10000 ? 5 : 60);
    CHECK(error.relative <= 1e-6);
    CHECK(error.smallest_norm > 0);
}

}  // namespace

TEST_SUITE("engine/ops/batch_norm") {
    TEST_CASE("batch norm, with and without ReLU, equals its definition") {
        Random random(1);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            CAPTURE(test.training);
            Operands in(random, test.shape);
            const BatchNormOptions options{.training = test.training};
            std::vector<double> expected = in.plain(options);
            const Normalized n = in.normalized(options);
            CHECK(n.batch_statistics == test.training);
            CHECK(test::relative_error(normalize(n), from(expected, test.shape)) < 1e-12);
            for (double& y : expected) y = std::max(y, 0.0);
            CHECK(test::relative_error(normalize_relu(n), from(expected, test.shape)) < 1e-12);
        }
    }

    TEST_CASE("add_relu equals relu(BN(x) + residual), plain and normalised") {
        Random random(2);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            CAPTURE(test.training);
            Operands a(random, test.shape), b(random, test.shape);
            const BatchNormOptions options{.training = test.training};
            const std::vector<double> ya = a.plain(options), yb = b.plain(options);
            std::vector<double> plain, normalised;
            for (size_t i = 0; i < ya.size(); ++i) {
                plain.push_back(std::max(ya[i] + b.x.data<double>()[i], 0.0));
                normalised.push_back(std::max(ya[i] + yb[i], 0.0));
            }
            const Normalized na = a.normalized(options), nb = b.normalized(options);
            CHECK(test::relative_error(add_relu(na, b.x), from(plain, test.shape)) < 1e-12);
            CHECK(test::relative_error(add_relu(na, nb), from(normalised, test.shape)) < 1e-12);
        }
    }

    TEST_CASE("batch norm gradients") {
        Random random(3);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            CAPTURE(test.training);
            const BatchNormOptions options{.training = test.training};
            Operands in(random, test.shape);
            avoid_kink(in, options);
            for (const bool relu : {false, true})
                check(
                    [&](auto& leaves) {
                        RunningStatistics running{in.running.mean.clone(), in.running.var.clone()};
                        const Normalized n =
                            batch_norm(leaves[0], leaves[1], leaves[2], running, options);
                        return relu ? normalize_relu(n) : normalize(n);
                    },
                    {in.x, in.gamma, in.beta});
        }
    }

    TEST_CASE("add_relu gradients, with an identity residual and a normalised one") {
        Random random(4);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.shape));
            CAPTURE(test.training);
            const BatchNormOptions options{.training = test.training};
            Operands a(random, test.shape), b(random, test.shape);
            const auto apply = [&](const Tensor& x, const Tensor& gamma, const Tensor& beta) {
                RunningStatistics running{a.running.mean.clone(), a.running.var.clone()};
                return batch_norm(x, gamma, beta, running, options);
            };
            avoid_kink(normalize(a.normalized({.training = test.training})), b.x);
            check([&](auto& in) { return add_relu(apply(in[0], in[1], in[2]), in[3]); },
                  {a.x, a.gamma, a.beta, b.x});
            // The residual is also the block's input elsewhere: its gradient must not be disturbed.
            check(
                [&](auto& in) {
                    return add(add_relu(apply(in[0], in[1], in[2]), in[3]), scale(in[3], 0.3));
                },
                {a.x, a.gamma, a.beta, b.x});
        }
    }

    TEST_CASE("add_relu gradients with both sides normalised") {
        Random random(5);
        for (const Shape& shape : {Shape{2, 3, 2, 4}, Shape{4, 1, 1, 3}, Shape{3, 70}})
            for (const bool training : {true, false}) {
                CAPTURE(to_string(shape));
                CAPTURE(training);
                const BatchNormOptions options{.training = training};
                Operands a(random, shape), b(random, shape);
                // Large shifts of either sign keep every sum away from the ReLU's kink.
                for (int64_t c = 0; c < shape.back(); ++c)
                    a.beta.data<double>()[c] = c % 3 == 0 ? -60 : 60;
                check(
                    [&](auto& in) {
                        RunningStatistics ra{a.running.mean.clone(), a.running.var.clone()};
                        RunningStatistics rb{b.running.mean.clone(), b.running.var.clone()};
                        return add_relu(batch_norm(in[0], in[1], in[2], ra, options),
                                        batch_norm(in[3], in[4], in[5], rb, options));
                    },
                    {a.x, a.gamma, a.beta, b.x, b.gamma, b.beta});
            }
    }

    TEST_CASE("the mask of add_relu with both sides normalised is that of its output") {
        Random random(6);
        const BatchNormOptions options;
        Operands a(random, {6, 5}), b(random, {6, 5});
        a.beta.set_requires_grad();
        const Tensor y = add_relu(a.normalized(options), b.normalized(options));
        const Tensor dy = random.normal_tensor(y.shape(), 1, DType::f64);
        backward(y, dy);
        for (int64_t c = 0; c < 5; ++c) {
            double expected = 0;
            for (int64_t n = 0; n < 6; ++n)
                if (y.data<double>()[n * 5 + c] > 0) expected += dy.data<double>()[n * 5 + c];
            CHECK(a.beta.grad().data<double>()[c] == doctest::Approx(expected));
        }
    }

    TEST_CASE("backward leaves the seed gradient of its caller alone") {
        Random random(7);
        Operands a(random, {6, 5});
        a.x.set_requires_grad();
        const Tensor seed = random.normal_tensor({6, 5}, 1, DType::f64), copy = seed.clone();
        const Normalized n = a.normalized({});
        const Tensor residual = random.normal_tensor({6, 5}, 1, DType::f64);
        for (const Tensor& y :
             {normalize(n), normalize_relu(n), add_relu(n, residual), add_relu(n, n)}) {
            backward(y, seed);
            CHECK(seed.to_vector<double>() == copy.to_vector<double>());
        }
    }

    TEST_CASE("running statistics take the mean and the unbiased variance of each batch") {
        const Tensor x = Tensor::from<double>({1, 10, 2, 20, 6, 60}, {3, 2});  // means 3, 30
        RunningStatistics running = fresh(2);
        const BatchNormOptions options{.momentum = 0.25};
        const Tensor gamma = Tensor::full({2}, 1, DType::f64), beta = zeros_like(gamma);
        batch_norm(x, gamma, beta, running, options);  // variances (4+1+9)/2 = 7, 700
        CHECK(running.mean.to_vector<double>() == std::vector<double>{0.75, 7.5});
        CHECK(running.var.to_vector<double>() == std::vector<double>{0.75 + 1.75, 0.75 + 175});
        batch_norm(x, gamma, beta, running, options);
        CHECK(running.mean.to_vector<double>() == std::vector<double>{1.3125, 13.125});
        CHECK(running.var.to_vector<double>() ==
              std::vector<double>{0.75 * 2.5 + 1.75, 0.75 * 175.75 + 175});
        batch_norm(x, gamma, beta, running, {.training = false});
        CHECK(running.mean.to_vector<double>() == std::vector<double>{1.3125, 13.125});
    }

    TEST_CASE("float32 statistics survive a mean far from zero and an outlier in front") {
        Random random(8);
        const int64_t rows = 5000, channels = 24;
        Tensor x = random.normal_tensor({rows, channels}, 1);
        for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] += 1000;
        for (int64_t c = 0; c < channels; c += 2) x.data<float>()[c] = 0;
        RunningStatistics running = fresh(channels, DType::f32);
        const Normalized n = batch_norm(x, Tensor::full({channels}, 1), Tensor::zeros({channels}),
                                        running, {.eps = 1e-30, .momentum = 1});
        for (int64_t c = 0; c < channels; ++c) {
            double mean = 0, variance = 0;
            for (int64_t i = 0; i < rows; ++i) mean += x.data<float>()[i * channels + c] / rows;
            for (int64_t i = 0; i < rows; ++i)
                variance += std::pow(x.data<float>()[i * channels + c] - mean, 2) / rows;
            CHECK(std::abs(n.mean.data<float>()[c] - mean) < 1e-4);
            CHECK(std::pow(n.inv_std.data<float>()[c], -2) ==
                  doctest::Approx(variance).epsilon(1e-4));
            CHECK(running.var.data<float>()[c] ==
                  doctest::Approx(variance * rows / (rows - 1)).epsilon(1e-4));
        }
    }

    TEST_CASE("float32 gradients agree with float64 on many rows") {
        Random random(9);
        const Shape shape = {40, 23, 24};
        const Tensor x = random.normal_tensor(shape), dy = random.normal_tensor(shape);
        const Tensor gamma = random.normal_tensor({24}), beta = random.normal_tensor({24});
        const auto gradients = [&](DType dtype) {
            Tensor leaf_x = x.to(dtype), leaf_gamma = gamma.to(dtype), leaf_beta = beta.to(dtype);
            for (Tensor* leaf : {&leaf_x, &leaf_gamma, &leaf_beta}) leaf->set_requires_grad();
            RunningStatistics running = fresh(24, dtype);
            backward(normalize_relu(batch_norm(leaf_x, leaf_gamma, leaf_beta, running, {})),
                     dy.to(dtype));
            return std::vector<Tensor>{leaf_x.grad(), leaf_gamma.grad(), leaf_beta.grad()};
        };
        const auto single = gradients(DType::f32), exact = gradients(DType::f64);
        for (size_t i = 0; i < 3; ++i) CHECK(test::relative_error(single[i], exact[i]) < 1e-5);
    }

    TEST_CASE("a value that is not a number is not hidden by the ReLU") {
        Random random(10);
        Operands a(random, {4, 2});
        a.x.data<double>()[3] = std::nan("");
        const Tensor y = normalize_relu(a.normalized({.training = false}));
        CHECK(std::isnan(y.data<double>()[3]));
        CHECK(!std::isnan(y.data<double>()[1]));
    }

    TEST_CASE("batch norm names what does not fit") {
        Random random(11);
        Operands a(random, {1, 1, 1, 3}), b(random, {4, 2});
        CHECK_THROWS_WITH_AS(
            a.normalized({}),
            "[batch_norm] more than one value per channel needed in training, the shape is "
            "[1, 1, 1, 3]",
            Error);
        CHECK_THROWS_WITH_AS(batch_norm(a.x, b.gamma, a.beta, a.running, {.training = false}),
                             "[batch_norm] gamma has shape [2], expected [3]", Error);
        CHECK_THROWS_WITH_AS(add_relu(b.normalized({}), a.x),
                             "[add_relu] residual has shape [1, 1, 1, 3], expected [4, 2]", Error);
        CHECK_THROWS_WITH_AS(add_relu(b.normalized({}), a.normalized({.training = false})),
                             doctest::Contains("[add_relu] residual has shape"), Error);
    }

    TEST_CASE("batch norm refuses an eps that is not positive and finite, and such a momentum") {
        Random random(13);
        for (const double bad : test::not_positive_floats)
            for (const bool training : {true, false}) {
                Operands a(random, {4, 2});
                for (Tensor* x : {&a.x, &a.gamma, &a.beta, &a.running.mean, &a.running.var})
                    *x = x->to(DType::f32);
                CHECK_THROWS_WITH_AS(
                    a.normalized({.eps = bad, .training = training}),
                    doctest::Contains("[batch_norm] eps must be positive and finite in f32"),
                    Error);
            }
        for (const double bad : {-0.1, 1.1, std::nan("")})
            CHECK_THROWS_WITH_AS(Operands(random, {4, 2}).normalized({.momentum = bad}),
                                 doctest::Contains("[batch_norm] momentum must be in [0, 1]"),
                                 Error);
    }

    TEST_CASE("NaN passes the ReLU behind a batch norm, and so does its gradient") {
        for (const DType dtype : {DType::f32, DType::f64})
            for (const int64_t channels : {1, 3, 16, 33}) {
                Random random(14);
                const Shape wide = {channels};
                Tensor x = random.normal_tensor({5, channels}, 1, dtype);
                const Tensor gamma = random.uniform_tensor(wide, 1, 2, dtype);
                const Tensor beta = random.normal_tensor(wide, 1, dtype);
                RunningStatistics running{random.normal_tensor(wide, 1, dtype),
                                          random.uniform_tensor(wide, 1, 2, dtype)};
                const Tensor row = Tensor::full(wide, NAN, dtype);
                std::memcpy(static_cast<char*>(x.raw()) + 2 * row.bytes(), row.raw(),
                            static_cast<size_t>(row.bytes()));
                x.set_requires_grad();
                const Normalized n = batch_norm(x, gamma, beta, running, {.training = false});
                const Tensor y = normalize_relu(n), dy = Tensor::full({5, channels}, 2, dtype);
                backward(y, dy);
                const auto values = y.to(DType::f64).to_vector<double>();
                const auto gradient = x.grad().to(DType::f64).to_vector<double>();
                const auto scale = n.scale.to(DType::f64).to_vector<double>();
                Tensor residual = random.normal_tensor({5, channels}, 1, dtype);
                residual.set_requires_grad();
                backward(add_relu(n, residual), dy);
                const auto beside = residual.grad().to(DType::f64).to_vector<double>();
                for (int64_t c = 0; c < channels; ++c) {
                    CHECK(beside[2 * channels + c] == 2);
                    CHECK(std::isnan(values[2 * channels + c]));
                    CHECK(gradient[2 * channels + c] == doctest::Approx(2 * scale[c]));
                }
            }
    }

    TEST_CASE("an evaluation's gradients are of the statistics that it saw") {
        Random random(9);
        const Tensor x = random.normal_tensor({6, 3});
        const auto gradient_of_gamma = [&](bool statistics_change) {
            Tensor gamma = Tensor::full({3}, 1), beta = Tensor::zeros({3});
            gamma.set_requires_grad(true);
            RunningStatistics running = fresh(3, DType::f32);
            const Tensor y = normalize(batch_norm(x, gamma, beta, running, {.training = false}));
            if (statistics_change) batch_norm(x, gamma, beta, running, {});
            backward(sum(y));
            return gamma.grad().to_vector<float>();
        };
        CHECK(gradient_of_gamma(true) == gradient_of_gamma(false));
    }
}
