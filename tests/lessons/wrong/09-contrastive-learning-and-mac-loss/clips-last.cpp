// Task 2 says: compared[
// The pairs are numbered k·B + b.
#define compared right_compared
#include "tests/lessons/solutions/09-contrastive-learning-and-mac-loss.cpp"
#undef compared

namespace mdn::lesson {

Tensor compared(const Tensor& labels, int64_t entities) {
    const int64_t clips = labels.dim(0), pairs = clips * entities;
    const int64_t* label = labels.data<int64_t>();
    Tensor mask = Tensor::empty({pairs, pairs}, DType::u8);
    for (int64_t n = 0; n < pairs; ++n)
        for (int64_t m = 0; m < pairs; ++m)
            mask.data<uint8_t>()[n * pairs + m] =
                n == m || n / clips != m / clips || label[n % clips] != label[m % clips];
    return mask;
}

}  // namespace mdn::lesson
