// Task 2 says: y[0, 0] is
// The softmax runs over the queries of a key.
#define attend right_attend
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend

namespace mdn::lesson {

Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v) {
    const Tensor p = transposed(softmax_rows(transposed(matmul_nt(q, k, scale_of(q)))));
    return product(p, v);
}

}  // namespace mdn::lesson
