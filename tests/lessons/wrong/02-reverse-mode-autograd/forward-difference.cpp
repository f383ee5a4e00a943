// Task 1 says: gradient[0] is
// Only one side: the error is of the order of h, and not of h².
#define numeric_gradient right_numeric_gradient
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef numeric_gradient

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    const Tensor moved = x.clone();
    Tensor gradient = empty_like(x);
    const double here = f(x);
    for (int64_t i = 0; i < x.numel(); ++i) {
        double& element = moved.data<double>()[i];
        const double value = element, h = 1e-5 * std::max(1.0, std::abs(value));
        element = value + h;
        gradient.data<double>()[i] = (f(moved) - here) / h;
        element = value;
    }
    return gradient;
}

}  // namespace mdn::lesson
