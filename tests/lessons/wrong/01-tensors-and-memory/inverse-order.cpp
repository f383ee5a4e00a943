// Task 4 says: y has the shape
// The order is read the other way round; two axes that swap hide it.
#define permuted right_permuted
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef permuted

namespace mdn::lesson {

Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes) {
    std::vector<int64_t> inverse(axes.size());
    for (size_t n = 0; n < axes.size(); ++n) inverse[axes[n]] = static_cast<int64_t>(n);
    return right_permuted(x, inverse);
}

}  // namespace mdn::lesson
