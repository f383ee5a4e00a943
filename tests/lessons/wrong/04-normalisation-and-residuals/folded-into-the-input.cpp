// Task 2 says: the folded weight[0, 0, 0, 1] is
// The factor of a channel goes along the input channels: the last axis, and not the first.
#define folded right_folded
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef folded

namespace mdn::lesson {

BiasedConvolution folded(const Tensor& weight, const BatchNormState& state) {
    const BiasedConvolution to = right_folded(weight, state);
    const int64_t channels = weight.dim(0);
    for (int64_t i = 0; i < weight.numel(); ++i) {
        const int64_t c = i % weight.dim(3) % channels;
        to.weight.data<double>()[i] = weight.data<double>()[i] * state.gamma.data<double>()[c] /
                                      std::sqrt(state.running_var.data<double>()[c] + eps);
    }
    return to;
}

}  // namespace mdn::lesson
