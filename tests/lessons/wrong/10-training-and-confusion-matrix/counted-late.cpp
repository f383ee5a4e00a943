// Task 2 says: nan, but must be
// The update is counted after it: the first correction divides by 0.
#define adamw_step right_adamw_step
#include "tests/lessons/solutions/10-training-and-confusion-matrix.cpp"
#undef adamw_step

namespace mdn::lesson {

template <class T>
void wrong_update(Trained& parameter, const Tensor& gradient, const AdamW& o) {
    const double t = static_cast<double>(++parameter.steps);
    for (int64_t i = 0; i < gradient.numel(); ++i) {
        double g = gradient.data<T>()[i];
        T &value = parameter.value.data<T>()[i], &first = parameter.first.data<T>()[i],
          &second = parameter.second.data<T>()[i];
        const double m = o.beta1 * first + (1 - o.beta1) * g;
        const double v = o.beta2 * second + (1 - o.beta2) * g * g;
        const double m_hat = m / (1 - std::pow(o.beta1, t - 1));
        const double v_hat = v / (1 - std::pow(o.beta2, t - 1));
        first = static_cast<T>(m);
        second = static_cast<T>(v);
        value = static_cast<T>(value - o.learning_rate * o.weight_decay * value -
                               o.learning_rate * m_hat / (std::sqrt(v_hat) + o.eps));
    }
}

void adamw_step(Trained& parameter, const Tensor& gradient, const AdamW& options) {
    if (gradient.dtype() == DType::f32)
        wrong_update<float>(parameter, gradient, options);
    else
        wrong_update<double>(parameter, gradient, options);
}

}  // namespace mdn::lesson
