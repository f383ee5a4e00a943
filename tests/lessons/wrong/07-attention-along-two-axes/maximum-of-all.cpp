// Task 1 says: with each row 1000 above the one before
// The largest number of all rows is taken away: nothing is left of the first row.
#define softmax_rows right_softmax_rows
#include "tests/lessons/solutions/07-attention-along-two-axes.cpp"
#undef softmax_rows

namespace mdn::lesson {

Tensor softmax_rows(const Tensor& x) {
    Tensor y = empty_like(x);
    const int64_t width = x.dim(1);
    const double top = *std::max_element(x.data<double>(), x.data<double>() + x.numel());
    for (int64_t m = 0; m < x.dim(0); ++m) {
        const double* in = x.data<double>() + m * width;
        double sum = 0;
        for (int64_t n = 0; n < width; ++n) sum += std::exp(in[n] - top);
        for (int64_t n = 0; n < width; ++n)
            y.data<double>()[m * width + n] = std::exp(in[n] - top) / sum;
    }
    return y;
}

}  // namespace mdn::lesson
