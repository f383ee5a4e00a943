// Task 1 says: c[0, 0] is
// One length for all frames of a pair: long tokens outweigh the others.
#define cosines right_cosines
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef cosines

namespace mdn::lesson {

Tensor cosines(const Tensor& st, const Tensor& ts) {
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    const int64_t pairs = st.dim(0) * entities;
    Tensor c = Tensor::zeros({pairs, pairs}, st.dtype());
    with_type_of(st, [&]<class T>(T) {
        const auto at = [&](const Tensor& x, int64_t n, int64_t i) {
            const int64_t t = i / width;
            return x.data<T>()[((n / entities * frames + t) * entities + n % entities) * width +
                               i % width];
        };
        for (int64_t n = 0; n < pairs; ++n)
            for (int64_t m = 0; m < pairs; ++m) {
                T product = 0, first = 0, second = 0;
                for (int64_t i = 0; i < frames * width; ++i) {
                    product += at(st, n, i) * at(ts, m, i);
                    first += at(st, n, i) * at(st, n, i);
                    second += at(ts, m, i) * at(ts, m, i);
                }
                c.data<T>()[n * pairs + m] = product / (std::max(std::sqrt(first), T(1e-6)) *
                                                        std::max(std::sqrt(second), T(1e-6)));
            }
    });
    return c;
}

}  // namespace mdn::lesson
