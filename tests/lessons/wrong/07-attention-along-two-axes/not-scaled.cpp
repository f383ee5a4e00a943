// Task 2 says: y[0, 0] is
// The scores are not divided by √w.
#define attend right_attend
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend

namespace mdn::lesson {

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
    return product(softmax_rows(matmul_nt(q, k)), v);
}

}  // namespace mdn::lesson
