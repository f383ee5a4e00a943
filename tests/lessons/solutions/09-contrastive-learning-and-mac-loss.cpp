#include <algorithm>
#include <cmath>

#include "docs/lessons/09-contrastive-learning-and-mac-loss/exercise.h"
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

template <class F>
auto with_type_of(const Tensor& x, F f) {
    return x.dtype() == DType::f32 ? f(float{}) : f(double{});
}

/// A copy of tokens, each of length 1 (or shorter, below 1e-6).
Tensor directions(const Tensor& x) {
    Tensor y = empty_like(x);
    with_type_of(x, [&]<class T>(T) {
        const int64_t width = x.dim(3);
        for (int64_t token = 0; token < x.numel() / width; ++token) {
            const T* in = x.data<T>() + token * width;
            T squares = 0;
            for (int64_t d = 0; d < width; ++d) squares += in[d] * in[d];
            const T length = std::max(std::sqrt(squares), T(1e-6));
            for (int64_t d = 0; d < width; ++d) y.data<T>()[token * width + d] = in[d] / length;
        }
    });
    return y;
}

Tensor cosines(const Tensor& st, const Tensor& ts) {
    const int64_t frames = st.dim(1), entities = st.dim(2), width = st.dim(3);
    const int64_t pairs = st.dim(0) * entities;
    const Tensor from = directions(st), to = directions(ts);
    Tensor c = Tensor::zeros({pairs, pairs}, st.dtype());
    const auto token = [&](int64_t pair, int64_t t) {
        return ((pair / entities * frames + t) * entities + pair % entities) * width;
    };
    with_type_of(st, [&]<class T>(T) {
        for (int64_t n = 0; n < pairs; ++n)
            for (int64_t m = 0; m < pairs; ++m) {
                T sum = 0;
                for (int64_t t = 0; t < frames; ++t)
                    for (int64_t d = 0; d < width; ++d)
                        sum += from.data<T>()[token(n, t) + d] * to.data<T>()[token(m, t) + d];
                c.data<T>()[n * pairs + m] = sum / static_cast<T>(frames);
            }
    });
    return c;
}

Tensor compared(const Tensor& labels, int64_t entities) {
    const int64_t pairs = labels.dim(0) * entities;
    const int64_t* label = labels.data<int64_t>();
    Tensor mask = Tensor::empty({pairs, pairs}, DType::u8);
    for (int64_t n = 0; n < pairs; ++n)
        for (int64_t m = 0; m < pairs; ++m) {
            const bool same_entity = n % entities == m % entities;
            const bool same_label = label[n / entities] == label[m / entities];
            mask.data<uint8_t>()[n * pairs + m] = n == m || !(same_entity && same_label);
        }
    return mask;
}

/// What one anchor compares: `count` cosines, `step` elements apart in memory.
template <class T>
struct Anchor {
    const T* c;
    const uint8_t* compared;
    int64_t count, step, positive;
    T temperature;

    T at(int64_t m) const { return c[m * step]; }
    bool counts(int64_t m) const { return compared[m * step] != 0; }
    T top() const {
        T top = -2;
        for (int64_t m = 0; m < count; ++m)
            if (counts(m)) top = std::max(top, at(m));
        return top;
    }
    /// exp((c − top)/τ) of all that counts, summed.
    T total() const {
        const T shift = top();
        T sum = 0;
        for (int64_t m = 0; m < count; ++m)
            if (counts(m)) sum += std::exp((at(m) - shift) / temperature);
        return sum;
    }
    T loss() const { return std::log(total()) - (at(positive) - top()) / temperature; }
};

Tensor row_losses(const Tensor& c, const Tensor& compared, double temperature) {
    const int64_t N = c.dim(0);
    Tensor losses = Tensor::empty({N}, c.dtype());
    with_type_of(c, [&]<class T>(T) {
        for (int64_t n = 0; n < N; ++n)
            losses.data<T>()[n] =
                Anchor<T>{c.data<T>() + n * N,        compared.data<uint8_t>() + n * N, N, 1, n,
                          static_cast<T>(temperature)}
                    .loss();
    });
    return losses;
}

MacLoss mac(const Tensor& c, const Tensor& compared, double temperature) {
    const int64_t N = c.dim(0);
    const MacLoss result = {Tensor::zeros({1}, c.dtype()), zeros_like(c)};
    with_type_of(c, [&]<class T>(T) {
        const T share = 1 / static_cast<T>(2 * N);
        const auto add = [&](int64_t n, int64_t first, int64_t step) {
            const Anchor<T> anchor = {
                c.data<T>() + first,        compared.data<uint8_t>() + first, N, step, n,
                static_cast<T>(temperature)};
            const T top = anchor.top(), total = anchor.total();
            *result.loss.data<T>() += share * anchor.loss();
            for (int64_t m = 0; m < N; ++m) {
                if (!anchor.counts(m)) continue;
                const T p = std::exp((anchor.at(m) - top) / anchor.temperature) / total;
                result.gradient.data<T>()[first + m * step] +=
                    share / anchor.temperature * (p - (m == n ? 1 : 0));
            }
        };
        for (int64_t n = 0; n < N; ++n) {
            add(n, n * N, 1);  // row n
            add(n, n, N);      // column n
        }
    });
    return result;
}

}  // namespace mdn::lesson
