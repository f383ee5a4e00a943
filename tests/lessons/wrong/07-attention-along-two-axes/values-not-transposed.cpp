// Task 4 says: the gradient of v[0, 0] is
// The gradient of v_j is summed along a row of the weights, and not down a column.
#define attend_backward right_attend_backward
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef attend_backward

namespace mdn::lesson {

AttentionGradients attend_backward(const Tensor& dy, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
    const Tensor p = softmax_rows(matmul_nt(q, k, scale_of(q)));
    const Tensor ds = scale(softmax_rows_backward(p, matmul_nt(dy, v)), scale_of(q));
    return {product(ds, k), product(transposed(ds), q), product(p, dy)};
}

}  // namespace mdn::lesson
