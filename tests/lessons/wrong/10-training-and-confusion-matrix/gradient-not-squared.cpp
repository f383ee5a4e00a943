// Task 2 says: second[0, 0] is
// The second moment averages the gradient, and not its square.
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
        const double v = o.beta2 * second + (1 - o.beta2) * std::abs(g);
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
        wrong_update<float>(parameter, gradient, options);
    else
        wrong_update<double>(parameter, gradient, options);
}

}  // namespace mdn::lesson
