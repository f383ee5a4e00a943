// Task 2 says: the gradient of a[0, 0] is
// Each factor is multiplied with itself, and not with the other.
#define product_backward right_product_backward
#include "tests/lessons/solutions/02-reverse-mode-autograd.cpp"
#undef product_backward

namespace mdn::lesson {

ProductGradients product_backward(const Tensor& dy, const Tensor& a, const Tensor& b) {
    const ProductGradients to = {zeros_like(a), zeros_like(b)};
    for (int64_t i = 0; i < dy.numel(); ++i) {
        const int64_t at = place_in(a, dy.shape(), i), bt = place_in(b, dy.shape(), i);
        to.a.data<double>()[at] += dy.data<double>()[i] * a.data<double>()[at];
        to.b.data<double>()[bt] += dy.data<double>()[i] * b.data<double>()[bt];
    }
    return to;
}

}  // namespace mdn::lesson
