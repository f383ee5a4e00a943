// Task 4 says: the gradient of weight[0, 0, 0, 0] is
// The gradient of the weights is averaged over the images.
#define convolved_backward right_convolved_backward
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef convolved_backward

namespace mdn::lesson {

ConvolutionGradients convolved_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                        int64_t stride, int64_t pad) {
    const ConvolutionGradients to = right_convolved_backward(dy, x, weight, stride, pad);
    for (int64_t i = 0; i < weight.numel(); ++i)
        to.weight.data<double>()[i] /= static_cast<double>(x.dim(0));
    return to;
}

}  // namespace mdn::lesson
