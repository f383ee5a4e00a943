#include <vector>

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

std::vector<int64_t> strides_of(const Shape& shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
    return strides;
}

std::vector<int64_t> index_of(const Shape& shape, int64_t offset) {
    std::vector<int64_t> index(shape.size());
    for (size_t axis = shape.size(); axis-- > 0; offset /= shape[axis])
        index[axis] = offset % shape[axis];
    return index;
}

template <class T>
void center_rows(const Tensor& x, const Tensor& y) {
    const int64_t rows = x.dim(0), columns = x.dim(1);
    for (int64_t m = 0; m < rows; ++m) {
        const T* in = x.data<T>() + m * columns;
        T* out = y.data<T>() + m * columns;
        T sum = 0;
        for (int64_t n = 0; n < columns; ++n) sum += in[n];
        for (int64_t n = 0; n < columns; ++n) out[n] = in[n] - sum / columns;
    }
}

Tensor centered(const Tensor& x) {
    Tensor y = empty_like(x);
    if (x.dtype() == DType::f32)
        center_rows<float>(x, y);
    else
        center_rows<double>(x, y);
    return y;
}

Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes) {
    Shape shape;
    for (int64_t axis : axes) shape.push_back(x.dim(axis));
    const std::vector<int64_t> strides = strides_of(x.shape());
    Tensor y = empty_as(x, shape);
    const int64_t bytes = size_of(x.dtype());
    for (int64_t to = 0; to < y.numel(); ++to) {
        const std::vector<int64_t> index = index_of(shape, to);
        int64_t from = 0;
        for (size_t n = 0; n < axes.size(); ++n) from += index[n] * strides[axes[n]];
        const char* source = static_cast<const char*>(x.raw()) + from * bytes;
        char* target = static_cast<char*>(y.raw()) + to * bytes;
        for (int64_t i = 0; i < bytes; ++i) target[i] = source[i];
    }
    return y;
}

}  // namespace mdn::lesson
