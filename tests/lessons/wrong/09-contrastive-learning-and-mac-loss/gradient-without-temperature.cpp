// Task 4 says: temperature = 0.1:
// The gradient is that of s = c/τ. At τ = 1 nobody sees it.
#define mac right_mac
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef mac

namespace mdn::lesson {

MacLoss mac(const Tensor& c, const Tensor& compared, double temperature) {
    const MacLoss to = right_mac(c, compared, temperature);
    with_type_of(c, [&]<class T>(T) {
        for (int64_t i = 0; i < c.numel(); ++i)
            to.gradient.data<T>()[i] *= static_cast<T>(temperature);
    });
    return to;
}

}  // namespace mdn::lesson
