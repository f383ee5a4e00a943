// Task 1 says: y[1, 0] is
// The sum does not begin at 0 again for the next row.
#define softmax_rows right_softmax_rows
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef softmax_rows

namespace mdn::lesson {

Tensor softmax_rows(const Tensor& x) {
    const Tensor y = right_softmax_rows(x);
    const int64_t width = x.dim(1);
    for (int64_t i = 0; i < y.numel(); ++i)
        y.data<double>()[i] /= static_cast<double>(i / width + 1);
    return y;
}

}  // namespace mdn::lesson
