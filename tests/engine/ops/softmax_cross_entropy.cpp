#include <doctest/doctest.h>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "tests/engine/float_check.h"

using namespace mdn;

namespace {

struct Case {
    Tensor logits, targets, included;
};

/// Random logits and targets; the mask leaves out about a third, never a target nor its neighbour:
/// a target alone would have probability 1 and no gradient.
Case random_case(int64_t rows, int64_t classes, uint64_t seed) {
    Random random(seed);
    Case c{random.normal_tensor({rows, classes}, 2, DType::f64), Tensor::empty({rows}, DType::i64),
           Tensor::empty({rows, classes}, DType::u8)};
    for (int64_t i = 0; i < rows * classes; ++i)
        c.included.data<uint8_t>()[i] = random.below(3) > 0;
    for (int64_t n = 0; n < rows; ++n) {
        const int64_t target = c.targets.data<int64_t>()[n] = random.below(classes);
        c.included.data<uint8_t>()[n * classes + target] = 1;
        c.included.data<uint8_t>()[n * classes + (target + 1) % classes] = 1;
    }
    return c;
}

/// −Σ q log p by its definition.
double reference(const Case& c, bool masked, double smoothing) {
    const int64_t rows = c.logits.dim(0), classes = c.logits.dim(1);
    double loss = 0;
    for (int64_t n = 0; n < rows; ++n) {
        const double* x = c.logits.data<double>() + n * classes;
        const auto in = [&](int64_t i) {
            return !masked || c.included.data<uint8_t>()[n * classes + i];
        };
        double total = 0;
        int64_t count = 0;
        for (int64_t i = 0; i < classes; ++i)
            if (in(i)) total += std::exp(x[i]), ++count;
        for (int64_t i = 0; i < classes; ++i) {
            if (!in(i)) continue;
            const double q = (i == c.targets.data<int64_t>()[n] ? 1 - smoothing : 0) +
                             smoothing / static_cast<double>(count);
            loss -= q * std::log(std::exp(x[i]) / total) / static_cast<double>(rows);
        }
    }
    return loss;
}

}  // namespace

TEST_SUITE("engine/ops/softmax_cross_entropy") {
    TEST_CASE("softmax_cross_entropy equals its definition, masked and smoothed") {
        for (const auto& [rows, classes] : {std::pair{5, 7}, {1, 2}, {12, 33}, {3, 1}})
            for (double smoothing : {0.0, 0.2}) {
                const Case c = random_case(rows, classes, 1);
                const Tensor plain = softmax_cross_entropy(c.logits, c.targets, {}, smoothing);
                CHECK(plain.shape() == Shape{1});
                CHECK(plain.item() ==
                      doctest::Approx(reference(c, false, smoothing)).epsilon(1e-13));
                CHECK(softmax_cross_entropy(c.logits, c.targets, c.included, smoothing).item() ==
                      doctest::Approx(reference(c, true, smoothing)).epsilon(1e-13));
            }
    }

    TEST_CASE("softmax_cross_entropy gradient, masked and smoothed") {
        for (const auto& [rows, classes] : {std::pair{5, 7}, {1, 2}, {3, 33}})
            for (double smoothing : {0.0, 0.2})
                for (bool masked : {false, true}) {
                    const Case c = random_case(rows, classes, 2);
                    test::check_gradients(
                        [&](auto& in) {
                            return softmax_cross_entropy(in[0], c.targets,
                                                         masked ? c.included : Tensor(), smoothing);
                        },
                        {c.logits});
                }
    }

    TEST_CASE("softmax_cross_entropy does not look at what is left out") {
        const double infinity = std::numeric_limits<double>::infinity();
        const Tensor targets = Tensor::from<int64_t>({1}, {1});
        const Tensor included = Tensor::from<uint8_t>({0, 1, 1, 0}, {1, 4});
        const Tensor x = Tensor::from<double>({infinity, 1, 2, NAN}, {1, 4}).set_requires_grad();
        const Tensor loss = softmax_cross_entropy(x, targets, included, 0.1);
        CHECK(loss.item() == doctest::Approx(std::log(1 + std::exp(1.0)) - 0.05));
        backward(loss);
        const std::vector<double> gradient = x.grad().to_vector<double>();
        CHECK(gradient[0] == 0);
        CHECK(gradient[1] == doctest::Approx(1 / (1 + std::exp(1.0)) - 0.95));
        CHECK(gradient[2] == doctest::Approx(1 / (1 + std::exp(-1.0)) - 0.05));
        CHECK(gradient[3] == 0);
    }

    TEST_CASE("softmax_cross_entropy of huge logits is finite, and of NaN is NaN") {
        const Tensor targets = Tensor::from<int64_t>({1}, {1});
        CHECK(softmax_cross_entropy(Tensor::from<float>({3e4f, -3e4f}, {1, 2}), targets).item() ==
              6e4);
        CHECK(std::isnan(
            softmax_cross_entropy(Tensor::from<float>({NAN, 1}, {1, 2}), targets).item()));
        // A class ruled out by its logit is no obstacle where no smoothing asks for it.
        CHECK(softmax_cross_entropy(Tensor::from<float>({-INFINITY, 1}, {1, 2}), targets).item() ==
              0);
    }

    TEST_CASE("softmax_cross_entropy in float") {
        const Case c = random_case(96, 200, 3);
        test::check_float(
            [&](auto& in) { return softmax_cross_entropy(in[0], c.targets, c.included, 0.1); },
            {c.logits});
    }

    TEST_CASE("softmax_cross_entropy names the target that does not fit") {
        const Tensor logits = Tensor::full({2, 3}, 1);
        const auto with_targets = [&](std::vector<int64_t> targets, const Tensor& included = {}) {
            const int64_t count = static_cast<int64_t>(targets.size());
            return softmax_cross_entropy(logits, Tensor::from(targets, {count}), included);
        };
        CHECK_THROWS_WITH_AS(with_targets({0, 3}),
                             "[softmax_cross_entropy] target 3 of row 1 outside 0..2", Error);
        CHECK_THROWS_WITH_AS(with_targets({-1, 2}),
                             "[softmax_cross_entropy] target -1 of row 0 outside 0..2", Error);
        CHECK_THROWS_WITH_AS(
            with_targets({0, 1}, Tensor::from<uint8_t>({1, 0, 0, 1, 0, 1}, {2, 3})),
            "[softmax_cross_entropy] target 1 of row 1 is not included", Error);
        CHECK_THROWS_WITH_AS(
            with_targets({0, 1, 2}),
            "[softmax_cross_entropy] targets is i64 [3] on cpu, expected i64 [2] on cpu", Error);
        CHECK_THROWS_WITH_AS(
            with_targets({0, 1}, Tensor::full({3, 2}, 1, DType::u8)),
            "[softmax_cross_entropy] included is u8 [3, 2] on cpu, expected u8 [2, 3] on cpu",
            Error);
        CHECK_THROWS_WITH_AS(
            softmax_cross_entropy(logits, Tensor::zeros({2}, DType::i64), {}, 1),
            doctest::Contains("[softmax_cross_entropy] smoothing must be in [0, 1)"), Error);
    }
}
