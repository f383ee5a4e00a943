// Task 2 says: y[0, 0] is
// The weights are scaled, and not the scores.
#define attend right_attend
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend

namespace mdn::lesson {

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
    return scale(product(softmax_rows(matmul_nt(q, k)), v), scale_of(q));
}

}  // namespace mdn::lesson
