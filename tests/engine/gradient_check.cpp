#include "tests/engine/gradient_check.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/autograd.h"
#include "engine/random.h"

namespace mdn::test {

namespace {

double dot(const Tensor& a, const Tensor& b) {
    double total = 0;
    for (int64_t i = 0; i < a.numel(); ++i) total += a.data<double>()[i] * b.data<double>()[i];
    return total;
}

}  // namespace

GradientError gradient_error(const Function& f, const std::vector<Tensor>& inputs,
                             int64_t samples) {
    std::vector<Tensor> leaves;
    for (const Tensor& input : inputs) leaves.push_back(input.clone().set_requires_grad());
    const Tensor y = f(leaves);
    Random random(20240711);
    const Tensor weights = random.normal_tensor(y.shape(), 1, DType::f64);
    backward(y, weights);

    const NoGrad no_grad;
    GradientError worst{0, std::numeric_limits<double>::infinity()};
    for (const Tensor& leaf : leaves) {
        const Tensor gradient = leaf.grad();
        std::vector<int64_t> elements(leaf.numel());
        for (int64_t i = 0; i < leaf.numel(); ++i) elements[i] = i;
        for (int64_t i = 0; i < std::min(samples, leaf.numel()); ++i)
            std::swap(elements[i], elements[i + random.below(leaf.numel() - i)]);
        elements.resize(std::min(samples, leaf.numel()));
        double difference = 0, norm = 0;
        for (int64_t i : elements) {
            double& x = leaf.data<double>()[i];
            const double x0 = x, h = 1e-5 * std::max(1.0, std::abs(x0));
            x = x0 + h;
            const double above = dot(f(leaves), weights);
            x = x0 - h;
            const double below = dot(f(leaves), weights);
            x = x0;
            const double numeric = (above - below) / (2 * h);
            const double analytic = gradient.defined() ? gradient.data<double>()[i] : 0;
            difference += (numeric - analytic) * (numeric - analytic);
            norm += numeric * numeric;
        }
        const double error = std::sqrt(difference / std::max(norm, 1e-300));
        // Written so that a gradient that is not a number is the worst of all, and stays so.
        if (!(error <= worst.relative)) worst.relative = std::isnan(error) ? INFINITY : error;
        worst.smallest_norm = std::min(
            worst.smallest_norm, gradient.defined() ? std::sqrt(dot(gradient, gradient)) : 0.0);
    }
    return worst;
}

void check_gradients(const Function& f, const std::vector<Tensor>& inputs) {
    const GradientError error = gradient_error(f, inputs);
    CHECK(error.relative <= 1e-6);
    CHECK(error.smallest_norm > 0);
}

double relative_error(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape()) return std::numeric_limits<double>::infinity();
    const Tensor x = a.dtype() == DType::f64 ? a : a.to(DType::f64);
    const Tensor y = b.dtype() == DType::f64 ? b : b.to(DType::f64);
    double difference = 0, norm = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        const double u = x.data<double>()[i], v = y.data<double>()[i];
        difference += (u - v) * (u - v);
        norm += v * v;
    }
    return std::sqrt(difference / std::max(norm, 1e-300));
}

}  // namespace mdn::test
