// Task 3 says: y[0, 0] is
// Means of columns, where rows were asked for.
#define centered right_centered
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef centered

namespace mdn::lesson {

Tensor centered(const Tensor& x) { return permuted(right_centered(permuted(x, {1, 0})), {1, 0}); }

}  // namespace mdn::lesson
