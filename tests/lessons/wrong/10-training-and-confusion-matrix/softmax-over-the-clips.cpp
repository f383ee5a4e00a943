// Task 1 says: the loss[0] is
// The sum runs over the clips of a class, and not over the classes of a clip.
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
            const int64_t label = labels.data<int64_t>()[n];
            T top = logits.data<T>()[label], total = 0;
            for (int64_t i = 0; i < N; ++i) top = std::max(top, logits.data<T>()[i * C + label]);
            for (int64_t i = 0; i < N; ++i)
                total += std::exp(logits.data<T>()[i * C + label] - top);
            sum_of_losses += std::log(total) - (logits.data<T>()[n * C + label] - top);
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
