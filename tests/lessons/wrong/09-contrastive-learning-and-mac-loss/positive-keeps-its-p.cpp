// Task 4 says: the gradient[0, 0] is
// The 1 of the positive is not subtracted.
#define mac right_mac
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef mac

namespace mdn::lesson {

MacLoss mac(const Tensor& c, const Tensor& compared, double temperature) {
    const MacLoss to = right_mac(c, compared, temperature);
    const int64_t N = c.dim(0);
    with_type_of(c, [&]<class T>(T) {
        for (int64_t n = 0; n < N; ++n)
            to.gradient.data<T>()[n * N + n] += 1 / static_cast<T>(temperature * N);
    });
    return to;
}

}  // namespace mdn::lesson
