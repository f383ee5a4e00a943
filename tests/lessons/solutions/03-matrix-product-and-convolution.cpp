#include <algorithm>

#include "docs/lessons/03-matrix-product-and-convolution/exercise.h"
#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

Tensor product(const MatrixView& a, const MatrixView& b) {
    Tensor c = Tensor::zeros({a.rows, b.columns}, DType::f64);
    for (int64_t i = 0; i < a.rows; ++i)
        for (int64_t j = 0; j < b.columns; ++j)
            for (int64_t k = 0; k < a.columns; ++k)
                c.data<double>()[i * b.columns + j] +=
                    a.data[i * a.row_stride + k * a.column_stride] *
                    b.data[k * b.row_stride + j * b.column_stride];
    return c;
}

void blocked_product(CachedMatrix& a, CachedMatrix& b, CachedMatrix& c) {
    constexpr int64_t block = 8;
    for (int64_t i0 = 0; i0 < a.rows(); i0 += block)
        for (int64_t j0 = 0; j0 < b.columns(); j0 += block)
            for (int64_t k0 = 0; k0 < b.rows(); k0 += block)
                for (int64_t i = i0; i < std::min(i0 + block, a.rows()); ++i)
                    for (int64_t j = j0; j < std::min(j0 + block, b.columns()); ++j)
                        for (int64_t k = k0; k < std::min(k0 + block, b.rows()); ++k)
                            c(i, j) += a(i, k) * b(k, j);
}

/// Calls body(offset in x, offset in weight, offset in y) for every product of a convolution.
template <class F>
void for_all_products(const Shape& x, const Shape& weight, const Shape& y, int64_t stride,
                      int64_t pad, F&& body) {
    int64_t to = 0;
    for (int64_t n = 0; n < y[0]; ++n)
        for (int64_t p = 0; p < y[1]; ++p)
            for (int64_t q = 0; q < y[2]; ++q)
                for (int64_t o = 0; o < y[3]; ++o, ++to)
                    for (int64_t r = 0; r < weight[1]; ++r)
                        for (int64_t s = 0; s < weight[2]; ++s) {
                            const int64_t row = stride * p + r - pad, column = stride * q + s - pad;
                            if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
                            const int64_t pixel = ((n * x[1] + row) * x[2] + column) * x[3];
                            const int64_t tap = ((o * weight[1] + r) * weight[2] + s) * x[3];
                            for (int64_t i = 0; i < x[3]; ++i) body(pixel + i, tap + i, to);
                        }
}

Tensor convolved(const Tensor& x, const Tensor& weight, int64_t stride, int64_t pad) {
    Tensor y = Tensor::zeros({x.dim(0), (x.dim(1) + 2 * pad - weight.dim(1)) / stride + 1,
                              (x.dim(2) + 2 * pad - weight.dim(2)) / stride + 1, weight.dim(0)},
                             DType::f64);
    const double *in = x.data<double>(), *w = weight.data<double>();
    double* out = y.data<double>();
    for_all_products(x.shape(), weight.shape(), y.shape(), stride, pad,
                     [=](int64_t i, int64_t j, int64_t k) { out[k] += in[i] * w[j]; });
    return y;
}

ConvolutionGradients convolved_backward(const Tensor& dy, const Tensor& x, const Tensor& weight,
                                        int64_t stride, int64_t pad) {
    const ConvolutionGradients to = {zeros_like(x), zeros_like(weight)};
    const double *in = x.data<double>(), *w = weight.data<double>(), *grad = dy.data<double>();
    double *dx = to.x.data<double>(), *dw = to.weight.data<double>();
    for_all_products(x.shape(), weight.shape(), dy.shape(), stride, pad,
                     [=](int64_t i, int64_t j, int64_t k) {
                         dx[i] += w[j] * grad[k];
                         dw[j] += in[i] * grad[k];
                     });
    return to;
}

}  // namespace mdn::lesson
