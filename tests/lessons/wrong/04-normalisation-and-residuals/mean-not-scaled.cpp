// Task 2 says: the folded bias[0] is
// The mean is taken away as it is, and not times the factor.
#define folded right_folded
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef folded

namespace mdn::lesson {

BiasedConvolution folded(const Tensor& weight, const BatchNormState& state) {
    const BiasedConvolution to = {right_folded(weight, state).weight, state.beta.clone()};
    for (int64_t o = 0; o < weight.dim(0); ++o)
        to.bias.data<double>()[o] -= state.running_mean.data<double>()[o];
    return to;
}

}  // namespace mdn::lesson
