// Task 2 says: the gradient of b has the shape [2, 3], but must have [1, 3]
// The sum over the broadcast axis is missing.
#define product_backward right_product_backward
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef product_backward

namespace mdn::lesson {

ProductGradients product_backward(const Tensor& dy, const Tensor& a, const Tensor& b) {
    const ProductGradients to = {empty_like(dy), empty_like(dy)};
    for (int64_t i = 0; i < dy.numel(); ++i) {
        const int64_t at = place_in(a, dy.shape(), i), bt = place_in(b, dy.shape(), i);
        to.a.data<double>()[i] = dy.data<double>()[i] * b.data<double>()[bt];
        to.b.data<double>()[i] = dy.data<double>()[i] * a.data<double>()[at];
    }
    return to;
}

}  // namespace mdn::lesson
