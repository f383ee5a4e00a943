// The checks of lesson 1.
#include "docs/lessons/harness/check.h"

#include <algorithm>
#include <numeric>

namespace mdn::lesson {

// What exercise.cpp defines.
std::vector<int64_t> strides_of(const Shape& shape);
std::vector<int64_t> index_of(const Shape& shape, int64_t offset);
Tensor centered(const Tensor& x);
Tensor permuted(const Tensor& x, const std::vector<int64_t>& axes);

namespace {

/// `axes` sizes of 1 to 5.
Shape random_shape(int64_t axes) {
    Shape shape(axes);
    for (int64_t& size : shape) size = 1 + random().below(5);
    return shape;
}

/// Fixed shapes of every kind, then random ones.
std::vector<Shape> shapes() {
    std::vector<Shape> all = {{4}, {2, 3}, {3, 2}, {2, 3, 4}, {1, 5, 1, 2}, {}};
    for (int64_t axes : {2, 3, 4, 5}) all.push_back(random_shape(axes));
    return all;
}

std::vector<int64_t> expected_strides(const Shape& shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t axis = shape.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
    return strides;
}

/// Random numbers of any dtype.
Tensor random_tensor(const Shape& shape, DType dtype) {
    if (dtype == DType::f32 || dtype == DType::f64) return random().normal_tensor(shape, 1, dtype);
    Tensor x = Tensor::empty(shape, dtype);
    for (int64_t i = 0; i < x.numel(); ++i) {
        if (dtype == DType::i64)
            x.data<int64_t>()[i] = random().below(1000000) - 500000;
        else
            x.data<uint8_t>()[i] = static_cast<uint8_t>(random().below(256));
    }
    return x;
}

template <class T>
Tensor expected_centered(const Tensor& x) {
    Tensor y = empty_like(x);
    const int64_t rows = x.dim(0), columns = x.dim(1);
    for (int64_t m = 0; m < rows; ++m) {
        const T* in = x.data<T>() + m * columns;
        const double mean = std::accumulate(in, in + columns, 0.0) / columns;
        for (int64_t n = 0; n < columns; ++n)
            y.data<T>()[m * columns + n] = static_cast<T>(in[n] - mean);
    }
    return y;
}

/// Walks through y like the hand of an odometer, and keeps the place in x beside it.
Tensor expected_permuted(const Tensor& x, const std::vector<int64_t>& axes) {
    const std::vector<int64_t> strides = expected_strides(x.shape());
    Shape shape;
    for (int64_t axis : axes) shape.push_back(x.dim(axis));
    Tensor y = empty_as(x, shape);
    const int64_t bytes = size_of(x.dtype());
    std::vector<int64_t> index(axes.size());
    for (int64_t i = 0; i < y.numel(); ++i) {
        int64_t from = 0;
        for (size_t n = 0; n < axes.size(); ++n) from += index[n] * strides[axes[n]];
        const char* source = static_cast<const char*>(x.raw()) + from * bytes;
        std::copy_n(source, bytes, static_cast<char*>(y.raw()) + i * bytes);
        for (size_t n = axes.size(); n-- > 0;) {
            if (++index[n] < shape[n]) break;
            index[n] = 0;
        }
    }
    return y;
}

}  // namespace

TASK(1, "strides_of", 1) {
    for (const Shape& shape : shapes()) {
        input("shape = " + to_string(shape));
        expect_numbers("strides", strides_of(shape), expected_strides(shape));
    }
}

TASK(2, "index_of", 1) {
    for (const Shape& shape : shapes()) {
        const std::vector<int64_t> strides = expected_strides(shape);
        for (int64_t offset = 0; offset < element_count(shape); ++offset) {
            input("shape = " + to_string(shape) + ", offset = " + std::to_string(offset));
            std::vector<int64_t> want(shape.size());
            int64_t rest = offset;
            for (size_t axis = 0; axis < shape.size(); rest %= strides[axis++])
                want[axis] = rest / strides[axis];
            expect_numbers("index", index_of(shape, offset), want);
        }
    }
}

TASK(3, "centered", 2) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        for (const Shape& shape : {Shape{2, 3}, Shape{5, 2}, Shape{1, 7}, Shape{4, 1},
                                   Shape{random().below(9) + 2, random().below(9) + 11}}) {
            const Tensor x = random().uniform_tensor(shape, 1, 3, dtype), before = x.clone();
            input("x = " + describe(x));
            const Tensor y = centered(x);
            expect_unchanged("x", x, before);
            expect(!y.shares_memory_with(x), "y shares its memory with x, but must be new");
            expect_tensor("y", y,
                          dtype == DType::f32 ? expected_centered<float>(before)
                                              : expected_centered<double>(before));
        }
    }
}

TASK(4, "permuted", 3) {
    const std::vector<std::vector<int64_t>> orders = {
        {1, 0}, {0, 1}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {3, 0, 2, 1}, {1, 3, 0, 2}, {0}, {}};
    for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
        for (const std::vector<int64_t>& axes : orders) {
            // Sizes that differ from each other, so that no two axes can be taken for each other.
            Shape shape(axes.size());
            for (size_t axis = 0; axis < axes.size(); ++axis)
                shape[axis] = 2 + 2 * static_cast<int64_t>(axis) + random().below(2);
            const Tensor x = random_tensor(shape, dtype), before = x.clone();
            input("x = " + describe(x) + ", axes = " + to_string(axes));
            const Tensor y = permuted(x, axes);
            expect_unchanged("x", x, before);
            expect_tensor("y", y, expected_permuted(before, axes));
            expect(!y.shares_memory_with(x), "y shares its memory with x, but must be new");
        }
    }
}

}  // namespace mdn::lesson
