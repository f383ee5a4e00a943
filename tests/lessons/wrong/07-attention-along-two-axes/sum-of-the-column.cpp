// Task 4 says: the gradient of q[0, 0] is
// The sum in the softmax's gradient runs down a column.
#define attend_backward right_attend_backward
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend_backward

namespace mdn::lesson {

AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
    const Tensor p = softmax_rows(matmul_nt(q, k, scale_of(q)));
    const Tensor dp = matmul_nt(dy, v);
    const Tensor turned = softmax_rows_backward(transposed(p), transposed(dp));
    const Tensor ds = scale(transposed(turned), scale_of(q));
    return {product(ds, k), product(transposed(ds), q), product(transposed(p), dy)};
}

}  // namespace mdn::lesson
