// Task 1 says: y[0, 0] is
// The norm runs along the other axis.
#define layer_normed right_layer_normed
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef layer_normed

namespace mdn::lesson {

Tensor layer_normed(const Tensor& x, const Tensor& gamma, const Tensor& beta) {
    const BatchNormState state = {gamma, beta, zeros_like(gamma), zeros_like(gamma)};
    return batch_normed(x, state, true);
}

}  // namespace mdn::lesson
