// Task 3 says: with 1 block, dy = f64
// The ReLU is forgotten.
#define residual_backward right_residual_backward
#include "tests/lessons/solutions/04-normalisation-and-residuals.cpp"
#undef residual_backward

namespace mdn::lesson {

Tensor residual_backward(const Tensor& dy, const std::vector<PassedBlock>& blocks) {
    Tensor gradient = dy.clone();
    for (size_t block = blocks.size(); block-- > 0;) {
        const PassedBlock& passed = blocks[block];
        gradient = add(gradient, passed.branch_backward(gradient));
    }
    return gradient;
}

}  // namespace mdn::lesson
