// Task 2 says: compared[0, 1] is 0, but must be 1
// All pairs with the same label are left out, also those of other entities.
#define compared right_compared
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef compared

namespace mdn::lesson {

Tensor compared(const Tensor& labels, int64_t entities) {
    const int64_t pairs = labels.dim(0) * entities;
    const int64_t* label = labels.data<int64_t>();
    Tensor mask = Tensor::empty({pairs, pairs}, DType::u8);
    for (int64_t n = 0; n < pairs; ++n)
        for (int64_t m = 0; m < pairs; ++m)
            mask.data<uint8_t>()[n * pairs + m] =
                n == m || label[n / entities] != label[m / entities];
    return mask;
}

}  // namespace mdn::lesson
