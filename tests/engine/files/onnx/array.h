// Arrays of any number of axes, in double, for evaluating graphs in plain loops.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn::test {

[[noreturn]] inline void fail_run(const std::string& what) { throw std::runtime_error(what); }

/// Numbers of any dtype, as doubles.
struct Array {
    Shape shape;
    std::vector<double> values;

    explicit Array(Shape s) : shape(std::move(s)), values(element_count(shape)) {}
    explicit Array(const Tensor& x) : shape(x.shape()) {
        if (x.dtype() == DType::i64) {
            const auto numbers = x.to_vector<int64_t>();
            values.assign(numbers.begin(), numbers.end());
        } else {
            values = (x.dtype() == DType::f64 ? x : x.to(DType::f64)).to_vector<double>();
        }
    }
    int64_t dim(int64_t axis) const {
        return shape.at(static_cast<size_t>(axis < 0 ? axis + rank() : axis));
    }
    int64_t rank() const { return static_cast<int64_t>(shape.size()); }
    /// Of four axes.
    double at(int64_t i, int64_t j, int64_t k, int64_t l) const {
        return values[static_cast<size_t>(((i * shape[1] + j) * shape[2] + k) * shape[3] + l)];
    }
    std::vector<int64_t> integers() const { return {values.begin(), values.end()}; }
};

/// Calls body(index, position) with every index of a shape in row-major order.
inline void each_index(const Shape& shape, const std::function<void(const Shape&, size_t)>& body) {
    Shape index(shape.size(), 0);
    const int64_t count = element_count(shape);
    for (int64_t position = 0; position < count; ++position) {
        body(index, static_cast<size_t>(position));
        for (size_t axis = shape.size(); axis-- > 0;) {
            if (++index[axis] < shape[axis]) break;
            index[axis] = 0;
        }
    }
}

/// Where an element lies; an axis of size 1 holds for every index, missing axes in front likewise.
inline size_t offset(const Array& x, const Shape& index) {
    size_t at = 0;
    const size_t lead = index.size() - x.shape.size();
    for (size_t axis = 0; axis < x.shape.size(); ++axis)
        at = at * static_cast<size_t>(x.shape[axis]) +
             static_cast<size_t>(x.shape[axis] == 1 ? 0 : index[lead + axis]);
    return at;
}

inline Shape broadcast(const Shape& a, const Shape& b) {
    Shape shape(std::max(a.size(), b.size()), 1);
    for (const Shape* each : {&a, &b})
        for (size_t i = 0; i < each->size(); ++i) {
            int64_t& size = shape[shape.size() - 1 - i];
            const int64_t other = (*each)[each->size() - 1 - i];
            if (size != 1 && other != 1 && size != other) fail_run("shapes do not broadcast");
            size = std::max(size, other);
        }
    return shape;
}

}  // namespace mdn::test
