// Task 1 says: of the size of 100,
// exp(x) is written as it stands: beyond 88 it is infinite in f32.
#define cross_entropy right_cross_entropy
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef cross_entropy

namespace mdn::lesson {

CrossEntropy cross_entropy(const Tensor& logits, const Tensor& labels) {
    const CrossEntropy to = right_cross_entropy(logits, labels);
    const int64_t N = logits.dim(0), C = logits.dim(1);
    const auto change = [&]<class T>(T) {
        T sum_of_losses = 0;
        for (int64_t n = 0; n < N; ++n) {
            const T* x = logits.data<T>() + n * C;
            T total = 0;
            for (int64_t c = 0; c < C; ++c) total += std::exp(x[c]);
            sum_of_losses -= std::log(std::exp(x[labels.data<int64_t>()[n]]) / total);
        }
        *to.loss.data<T>() = sum_of_losses / static_cast<T>(N);
    };
    if (logits.dtype() == DType::f32)
        change(float{});
    else
        change(double{});
    return to;
}

}  // namespace mdn::lesson
