// Task 4 says: your code crashed with signal 11
// An offset far outside the tensor.
#define permuted right_permuted
#include "tests/lessons/solutions/01-tensors-and-memory.cpp"
#undef permuted

namespace mdn::lesson {

Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes) {
    const Tensor y = right_permuted(x, axes);
    static_cast<volatile char*>(y.raw())[int64_t{1} << 40] = 1;
    return y;
}

}  // namespace mdn::lesson
