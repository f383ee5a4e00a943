// Task 4 says: the gradient of x[0, 0, 1, 0] is
// A pixel that several windows read keeps what the last one sends back.
#define convolved_backward right_convolved_backward
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef convolved_backward

namespace mdn::lesson {

ConvolutionGradients convolved_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                        int64_t stride, int64_t pad) {
    const ConvolutionGradients to = {zeros_like(x), zeros_like(weight)};
    const double *in = x.data<double>(), *w = weight.data<double>(), *grad = dy.data<double>();
    double *dx = to.x.data<double>(), *dw = to.weight.data<double>();
    for_all_products(x.shape(), weight.shape(), dy.shape(), stride, pad,
                     [=](int64_t i, int64_t j, int64_t k) {
                         dx[i] = w[j] * grad[k];
                         dw[j] += in[i] * grad[k];
                     });
    return to;
}

}  // namespace mdn::lesson
