// The checks of lesson 9. They compare with the model's and the engine's own functions.
// not to be called: mdn::mac_similarity
// not to be called: mdn::mac_loss
// not to be called: mdn::l2_normalize
// not to be called: mdn::matmul_nt
// not to be called: mdn::contrastive_targets
// not to be called: mdn::softmax_cross_entropy
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "docs/lessons/09-contrastive-learning-and-mac-loss/exercise.h"
#include "engine/ops.h"
#include "model/mac_loss.h"

namespace mdn::lesson {

// What exercise.cpp defines.
Tensor cosines(const Tensor& st, const Tensor& ts);
Tensor compared(const Tensor& labels, int64_t entities);
Tensor row_losses(const Tensor& c, const Tensor& compared, double temperature);
MacLoss mac(const Tensor& c, const Tensor& compared, double temperature);

namespace {

struct Temperature {
    const char* shown;
    double value;
};

/// B, T, K, D, no two alike; then one clip, one entity, one pair; then random ones.
std::vector<Shape> sizes() {
    std::vector<Shape> all = {{3, 4, 2, 5}, {1, 2, 4, 3}, {4, 3, 1, 2}, {1, 1, 1, 3}};
    for (int i = 0; i < 3; ++i)
        all.push_back({2 + random().below(4), 1 + random().below(6), 2 + random().below(4),
                       1 + random().below(9)});
    return all;
}

/// Random tokens, some a hundred times as long as others; one is all zeros where there are several.
Tensor random_tokens(const Shape& shape, DType dtype) {
    Tensor x = random().normal_tensor(shape, 1, DType::f64);
    const int64_t width = shape[3], tokens = x.numel() / width;
    const int64_t empty = random().below(tokens);
    for (int64_t i = 0; i < tokens; ++i) {
        const double length =
            i == empty && tokens > 1 ? 0 : std::pow(10, random().uniform(-1.0, 1.0));
        for (int64_t d = 0; d < width; ++d) x.data<double>()[i * width + d] *= length;
    }
    return x.to(dtype);
}

/// Random labels of which some agree.
Tensor random_labels(int64_t clips) {
    std::vector<int64_t> labels(clips);
    for (int64_t& label : labels) label = random().below(std::max<int64_t>(2, clips / 2));
    return Tensor::from<int64_t>(labels, {clips});
}

std::string shown(const Tensor& labels) { return to_string(labels.to_vector<int64_t>()); }

Tensor random_cosines(int64_t pairs, DType dtype) {
    return random().uniform_tensor({pairs, pairs}, -1, 1, dtype);
}

/// Row n of a matrix, as [1,N].
template <class T>
Tensor row(const Tensor& x, int64_t n) {
    const int64_t columns = x.dim(1);
    Tensor y = empty_as(x, {1, columns});
    std::copy_n(x.data<T>() + n * columns, columns, y.data<T>());
    return y;
}

/// The loss of every row, by the engine's op on a row at a time.
Tensor losses_of_rows(const Tensor& c, const Tensor& included, double temperature) {
    const Tensor wide = c.to(DType::f64);  // so that a small temperature costs no digits
    Tensor losses = Tensor::empty({c.dim(0)}, DType::f64);
    for (int64_t n = 0; n < c.dim(0); ++n)
        losses.data<double>()[n] =
            softmax_cross_entropy(scale(row<double>(wide, n), 1 / temperature),
                                  Tensor::from<int64_t>({n}, {1}), row<uint8_t>(included, n))
                .item();
    return losses.to(c.dtype());
}

Tensor transposed(const Tensor& x) {
    const int64_t N = x.dim(0);
    return reshape(swap_middle_axes(reshape(x, {1, N, N, 1})), {N, N});
}

/// The loss of task 4, as model/mac_loss.cpp spells it.
Tensor mac_of(const Tensor& c, const ContrastiveTargets& targets, double temperature) {
    const Tensor rows = scale(c, 1 / temperature), columns = transposed(rows);
    return scale(add(softmax_cross_entropy(rows, targets.positives, targets.included),
                     softmax_cross_entropy(columns, targets.positives, targets.included)),
                 0.5);
}

}  // namespace

TASK(1, "cosines", 2) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const Shape& shape : sizes()) {
            const Tensor st = random_tokens(shape, dtype), ts = random_tokens(shape, dtype);
            const Tensor before = st.clone();
            input("X_st and X_ts = " + describe(st));
            const Tensor c = cosines(st, ts);
            expect_unchanged("X_st", st, before);
            expect_tensor("c", c, mac_similarity(st, ts));
        }
    }
}

TASK(2, "compared", 1) {
    for (const Shape& shape : sizes()) {
        const Tensor labels = random_labels(shape[0]);
        input("labels = " + shown(labels) + ", entities = " + std::to_string(shape[2]));
        expect_tensor("compared", compared(labels, shape[2]),
                      contrastive_targets(labels, shape[2]).included);
    }
}

TASK(3, "row_losses", 2) {
    for (const Temperature& temperature : {Temperature{"1", 1}, Temperature{"0.1", 0.1},
                                           Temperature{"0.01", 0.01}, Temperature{"0.001", 1e-3}}) {
        for (const DType dtype : {DType::f32, DType::f64}) {
            for (const Shape& shape : sizes()) {
                const Tensor labels = random_labels(shape[0]);
                const Tensor included = contrastive_targets(labels, shape[2]).included;
                const Tensor c = random_cosines(included.dim(0), dtype);
                input("c = " + describe(c) + ", labels = " + shown(labels) + ", entities = " +
                      std::to_string(shape[2]) + ", temperature = " + temperature.shown);
                // In f32, c/τ has seven digits, of which the difference of two keeps fewer.
                expect_tensor("loss", row_losses(c, included, temperature.value),
                              losses_of_rows(c, included, temperature.value),
                              dtype == DType::f32 ? 1e-5 + 1e-6 / temperature.value : 1e-10);
            }
        }
    }
}

TASK(4, "mac", 3) {
    for (const DType dtype : {DType::f64, DType::f32}) {
        for (const Temperature& temperature :
             {Temperature{"1", 1}, Temperature{"0.1", 0.1}, Temperature{"0.25", 0.25}}) {
            for (const Shape& shape : sizes()) {
                const Tensor labels = random_labels(shape[0]);
                const ContrastiveTargets targets = contrastive_targets(labels, shape[2]);
                const Tensor c = random_cosines(targets.included.dim(0), dtype);
                input("c = " + describe(c) + ", labels = " + shown(labels) + ", entities = " +
                      std::to_string(shape[2]) + ", temperature = " + temperature.shown);
                const MacLoss got = mac(c, targets.included, temperature.value);
                const auto loss = [&](const std::vector<Tensor>& in) {
                    return mac_of(in[0], targets, temperature.value);
                };
                expect_tensor("the loss", got.loss, loss({c}), dtype == DType::f32 ? 1e-4 : 1e-10);
                expect_tensor("the gradient", got.gradient,
                              engine_gradients(loss, {c}, Tensor::full({1}, 1, dtype))[0]);
            }
        }
    }
}

}  // namespace mdn::lesson
