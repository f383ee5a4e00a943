// Task 2 says: y[0, 0] is
// Token j gives to y_i what token i takes of j.
#define attend right_attend
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend

namespace mdn::lesson {

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
    return product(transposed(softmax_rows(matmul_nt(q, k, scale_of(q)))), v);
}

}  // namespace mdn::lesson
