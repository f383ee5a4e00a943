// Task 1 says: c[0, 0] is
// b is read as if it were its transpose.
#define product right_product
#include "tests/lessons/solutions/03-matrix-product-and-convolution.cpp"
#undef product

namespace mdn::lesson {

Tensor product(const MatrixView& a, const MatrixView& b) {
    Tensor c = Tensor::zeros({a.rows, b.columns}, DType::f64);
    for (int64_t i = 0; i < a.rows; ++i)
        for (int64_t j = 0; j < b.columns; ++j)
            for (int64_t k = 0; k < a.columns; ++k)
                c.data<double>()[i * b.columns + j] +=
                    a.data[i * a.row_stride + k * a.column_stride] *
                    b.data[j * b.row_stride + k * b.column_stride];
    return c;
}

}  // namespace mdn::lesson
