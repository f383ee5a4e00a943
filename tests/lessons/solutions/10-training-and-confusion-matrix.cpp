#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "docs/lessons/10-training-and-confusion-matrix/exercise.h"
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

template <class T>
void cross_entropy_of(const Tensor& logits, const Tensor& labels, const CrossEntropy& to) {
    const int64_t N = logits.dim(0), C = logits.dim(1);
    T total_loss = 0;
    for (int64_t n = 0; n < N; ++n) {
        const T* x = logits.data<T>() + n * C;
        T* gradient = to.gradient.data<T>() + n * C;
        const int64_t label = labels.data<int64_t>()[n];
        const T top = *std::max_element(x, x + C);
        T total = 0;
        for (int64_t c = 0; c < C; ++c) total += std::exp(x[c] - top);
        total_loss += std::log(total) - (x[label] - top);
        for (int64_t c = 0; c < C; ++c)
            gradient[c] = (std::exp(x[c] - top) / total - (c == label ? 1 : 0)) / static_cast<T>(N);
    }
    *to.loss.data<T>() = total_loss / static_cast<T>(N);
}

CrossEntropy cross_entropy(const Tensor& logits, const Tensor& labels) {
    const CrossEntropy to = {Tensor::empty({1}, logits.dtype()), empty_like(logits)};
    if (logits.dtype() == DType::f32)
        cross_entropy_of<float>(logits, labels, to);
    else
        cross_entropy_of<double>(logits, labels, to);
    return to;
}

template <class T>
void update(Trained& parameter, const Tensor& gradient, const AdamW& o) {
    const double t = static_cast<double>(++parameter.steps);
    for (int64_t i = 0; i < gradient.numel(); ++i) {
        const double g = gradient.data<T>()[i];
        T &value = parameter.value.data<T>()[i], &first = parameter.first.data<T>()[i],
          &second = parameter.second.data<T>()[i];
        const double m = o.beta1 * first + (1 - o.beta1) * g;
        const double v = o.beta2 * second + (1 - o.beta2) * g * g;
        const double m_hat = m / (1 - std::pow(o.beta1, t));
        const double v_hat = v / (1 - std::pow(o.beta2, t));
        first = static_cast<T>(m);
        second = static_cast<T>(v);
        value = static_cast<T>(value - o.learning_rate * o.weight_decay * value -
                               o.learning_rate * m_hat / (std::sqrt(v_hat) + o.eps));
    }
}

void adamw_step(Trained& parameter, const Tensor& gradient, const AdamW& options) {
    if (gradient.dtype() == DType::f32)
        update<float>(parameter, gradient, options);
    else
        update<double>(parameter, gradient, options);
}

double rate_at(const WarmupCosine& s, int64_t step) {
    if (step < s.warmup_steps)
        return s.base * static_cast<double>(step + 1) / static_cast<double>(s.warmup_steps);
    if (step >= s.total_steps) return s.floor;
    const double gone = static_cast<double>(step - s.warmup_steps) /
                        static_cast<double>(s.total_steps - s.warmup_steps);
    return s.floor + (s.base - s.floor) * (1 + std::cos(std::numbers::pi * gone)) / 2;
}

Scores scored(const std::vector<int64_t>& truth, const std::vector<int64_t>& predicted,
              int64_t classes) {
    Scores scores = {Tensor::zeros({classes, classes}, DType::i64),
                     Tensor::zeros({classes}, DType::f64), 0, 0};
    int64_t* counts = scores.confusion.data<int64_t>();
    for (size_t i = 0; i < truth.size(); ++i) ++counts[truth[i] * classes + predicted[i]];
    int64_t right = 0, in_use = 0;
    for (int64_t c = 0; c < classes; ++c) {
        const int64_t hits = counts[c * classes + c];
        int64_t clips = 0, answers = 0;
        for (int64_t j = 0; j < classes; ++j) {
            clips += counts[c * classes + j];
            answers += counts[j * classes + c];
        }
        right += hits;
        if (clips > 0)
            scores.accuracy.data<double>()[c] =
                100.0 * static_cast<double>(hits) / static_cast<double>(clips);
        if (clips + answers == 0) continue;
        ++in_use;  // 2·TP + FP + FN = clips + answers
        scores.f1_macro +=
            100.0 * 2 * static_cast<double>(hits) / static_cast<double>(clips + answers);
    }
    scores.f1_macro /= static_cast<double>(in_use);
    // Each wrong clip is one FP and one FN, so this is the share of clips that are right.
    scores.f1_micro = 100.0 * static_cast<double>(right) / static_cast<double>(truth.size());
    return scores;
}

}  // namespace mdn::lesson
