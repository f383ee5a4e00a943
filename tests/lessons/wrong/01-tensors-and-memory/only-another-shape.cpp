// Task 4 says: y[0, 1] is
// The sizes change places, and the elements do not move.
#define permuted right_permuted
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef permuted

namespace mdn::lesson {

Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes) {
    Shape shape;
    for (int64_t axis : axes) shape.push_back(x.dim(axis));
    return x.clone().view(shape);
}

}  // namespace mdn::lesson
