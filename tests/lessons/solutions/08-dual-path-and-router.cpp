#include "docs/lessons/08-dual-path-and-router/exercise.h"

#include "docs/lessons/harness/exercise.h"
#include "engine/ops.h"

namespace mdn::lesson {

Tensor st_path(const Tensor& x, const PathParts& parts) {
    return parts.temporal(add(parts.spatial(x), parts.mlp(x)));
}

Tensor ts_path(const Tensor& x, const PathParts& parts) {
    return parts.spatial(add(parts.temporal(x), parts.mlp(x)));
}

Tensor routing(const Tensor& st, const Tensor& ts, const RouterWeights& weights,
               double temperature) {
    const Tensor g = concat(mean(st, 1), mean(ts, 1));
    const Tensor hidden = gelu(grouped_linear(g, weights.fc1_weight, weights.fc1_bias));
    return softmax(grouped_linear(hidden, weights.fc2_weight, weights.fc2_bias), temperature);
}

template <class T>
void mix_tokens(const Tensor& st, const Tensor& ts, const Tensor& alpha, const Tensor& y) {
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    for (int64_t i = 0; i < st.numel(); ++i) {
        const int64_t entity = i / width % entities, clip = i / (width * entities * frames);
        const T* weights = alpha.data<T>() + (clip * entities + entity) * 2;
        y.data<T>()[i] = weights[0] * st.data<T>()[i] + weights[1] * ts.data<T>()[i];
    }
}

Tensor mixed(const Tensor& st, const Tensor& ts, const Tensor& alpha) {
    Tensor y = empty_like(st);
    if (st.dtype() == DType::f32)
        mix_tokens<float>(st, ts, alpha, y);
    else
        mix_tokens<double>(st, ts, alpha, y);
    return y;
}

template <class T>
void mix_gradients(const Tensor& dy, const Tensor& st, const Tensor& ts, const Tensor& alpha,
                   const MixGradients& to) {
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    for (int64_t i = 0; i < st.numel(); ++i) {
        const int64_t entity = i / width % entities, clip = i / (width * entities * frames);
        const int64_t pair = (clip * entities + entity) * 2;
        const T grad = dy.data<T>()[i];
        to.st.data<T>()[i] = alpha.data<T>()[pair] * grad;
        to.ts.data<T>()[i] = alpha.data<T>()[pair + 1] * grad;
        to.alpha.data<T>()[pair] += st.data<T>()[i] * grad;
        to.alpha.data<T>()[pair + 1] += ts.data<T>()[i] * grad;
    }
}

MixGradients mixed_backward(const Tensor& dy, const Tensor& st, const Tensor& ts,
                            const Tensor& alpha) {
    const MixGradients to = {empty_like(st), empty_like(ts), zeros_like(alpha)};
    if (st.dtype() == DType::f32)
        mix_gradients<float>(dy, st, ts, alpha, to);
    else
        mix_gradients<double>(dy, st, ts, alpha, to);
    return to;
}

}  // namespace mdn::lesson
