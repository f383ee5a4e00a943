// Task 1 says: your code has changed its input: x[0] is
// A copy of the handle is no copy of x, and an element is left moved.
#define numeric_gradient right_numeric_gradient
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef numeric_gradient

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    const Tensor gradient = right_numeric_gradient(f, x), moved = x;
    moved.data<double>()[0] -= 1e-5;
    return gradient;
}

}  // namespace mdn::lesson
