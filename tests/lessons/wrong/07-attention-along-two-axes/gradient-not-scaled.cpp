// Task 4 says: the gradient of q[0, 0] is
// The factor 1/√w does not come back.
#define attend_backward right_attend_backward
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend_backward

namespace mdn::lesson {

AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
    const Tensor p = softmax_rows(matmul_nt(q, k, scale_of(q)));
    const Tensor ds = softmax_rows_backward(p, matmul_nt(dy, v));
    return {product(ds, k), product(transposed(ds), q), product(transposed(p), dy)};
}

}  // namespace mdn::lesson
