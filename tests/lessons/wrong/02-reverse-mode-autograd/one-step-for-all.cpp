// Task 1 says: with x = f64 [5] of about 1e9:
// The step does not grow with the element.
#define numeric_gradient right_numeric_gradient
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef numeric_gradient

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    const Tensor moved = x.clone();
    Tensor gradient = empty_like(x);
    for (int64_t i = 0; i < x.numel(); ++i) {
        double& element = moved.data<double>()[i];
        const double value = element, h = 1e-5;
        element = value + h;
        const double above = f(moved);
        element = value - h;
        const double below = f(moved);
        element = value;
        gradient.data<double>()[i] = (above - below) / (2 * h);
    }
    return gradient;
}

}  // namespace mdn::lesson
