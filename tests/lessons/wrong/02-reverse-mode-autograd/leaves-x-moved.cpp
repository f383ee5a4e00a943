// Task 1 says: gradient[1] is
// An element keeps its last step while the next one is moved.
#define numeric_gradient right_numeric_gradient
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef numeric_gradient

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    const Tensor moved = x.clone();
    Tensor gradient = empty_like(x);
    for (int64_t i = 0; i < x.numel(); ++i) {
        double& element = moved.data<double>()[i];
        const double h = 1e-5 * std::max(1.0, std::abs(element));
        element += h;
        const double above = f(moved);
        element -= 2 * h;
        gradient.data<double>()[i] = (above - f(moved)) / (2 * h);
    }
    return gradient;
}

}  // namespace mdn::lesson
