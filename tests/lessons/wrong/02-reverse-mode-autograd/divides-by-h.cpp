// Task 1 says: gradient[0] is
// The two points are 2h apart.
#define numeric_gradient right_numeric_gradient
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef numeric_gradient

namespace mdn::lesson {

Tensor numeric_gradient(const Loss& f, const Tensor& x) {
    return scale(right_numeric_gradient(f, x), 2);
}

}  // namespace mdn::lesson
