// Task 4 says: the gradient of alpha[0, 0, 0] is
// All frames share α, so its gradient is a sum over them; here each overwrites the one before.
#define mixed_backward right_mixed_backward
#include "tests/lessons/solutions/08-dual-path-and-router.cpp"
#undef mixed_backward

namespace mdn::lesson {

MixGradients mixed_backward(const Tensor& dy, const Tensor& st, const Tensor& ts,
                            const Tensor& alpha) {
    MixGradients to = right_mixed_backward(dy, st, ts, alpha);
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    to.alpha = zeros_like(to.alpha);
    for (int64_t i = 0; i < st.numel(); ++i) {
        if (i / (width * entities) % frames != frames - 1) continue;
        const int64_t pair =
            (i / (width * entities * frames) * entities + i / width % entities) * 2;
        const auto add = [&]<class T>(T) {
            to.alpha.data<T>()[pair] += st.data<T>()[i] * dy.data<T>()[i];
            to.alpha.data<T>()[pair + 1] += ts.data<T>()[i] * dy.data<T>()[i];
        };
        if (st.dtype() == DType::f32)
            add(float{});
        else
            add(double{});
    }
    return to;
}

}  // namespace mdn::lesson
