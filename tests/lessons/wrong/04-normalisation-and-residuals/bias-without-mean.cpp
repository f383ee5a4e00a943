// Task 2 says: the folded bias[0] is
// The mean that the norm takes away is forgotten.
#define folded right_folded
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef folded

namespace mdn::lesson {

BiasedConvolution folded(const Tensor& weight, const BatchNormState& state) {
    return {right_folded(weight, state).weight, state.beta.clone()};
}

}  // namespace mdn::lesson
