// What the exercise of lesson 3 and its checks share.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace mdn::lesson {

/// A matrix that lies anywhere in memory: element (i, j) is data[i·row_stride + j·column_stride].
/// With other strides, the same memory is the transposed matrix, or a part of a larger one.
struct MatrixView {
    const double* data;
    int64_t rows, columns, row_stride, column_stride;
};

/// A small cache, simulated: 64 lines of 8 doubles. Memory comes into it in whole lines. When all
/// lines are taken, the one that was not used for the longest time makes room.
class Cache {
  public:
    static constexpr int64_t lines = 64;
    static constexpr int64_t doubles_per_line = 8;

    /// Numbers for `count` lines of memory; returns the first.
    int64_t add_lines(int64_t count) {
        const int64_t first = static_cast<int64_t>(place_.size());
        place_.resize(first + count, used_.end());
        return first;
    }
    /// A number of this line is read or written.
    void use(int64_t line) {
        if (place_[line] != used_.end()) return used_.splice(used_.begin(), used_, place_[line]);
        ++misses_;
        if (static_cast<int64_t>(used_.size()) == lines) {
            place_[used_.back()] = used_.end();
            used_.pop_back();
        }
        used_.push_front(line);
        place_[line] = used_.begin();
    }
    /// How often a line had to come from memory.
    int64_t misses() const { return misses_; }

  private:
    std::list<int64_t> used_;                          // the lines in the cache, the latest first
    std::vector<std::list<int64_t>::iterator> place_;  // of each line in used_, or its end
    int64_t misses_ = 0;
};

/// A matrix [rows, columns] of f64 whose elements are read and written through a cache: m(i, j) is
/// an element, m(i, j) = 2 writes it. A row is a run of lines. Throws Error outside the matrix.
class CachedMatrix {
  public:
    CachedMatrix(Cache& cache, const std::string& name, const Tensor& x)
        : cache_(cache),
          name_(name),
          x_(x),
          lines_per_row_((columns() + Cache::doubles_per_line - 1) / Cache::doubles_per_line),
          first_line_(cache.add_lines(rows() * lines_per_row_)) {}

    int64_t rows() const { return x_.dim(0); }
    int64_t columns() const { return x_.dim(1); }

    double& operator()(int64_t i, int64_t j) {
        if (i < 0 || i >= rows() || j < 0 || j >= columns())
            throw Error(name_ + "(" + std::to_string(i) + ", " + std::to_string(j) +
                        ") lies outside " + name_ + ", which is " + to_string(x_.shape()));
        cache_.use(first_line_ + i * lines_per_row_ + j / Cache::doubles_per_line);
        return x_.data<double>()[i * columns() + j];
    }

  private:
    Cache& cache_;
    std::string name_;
    Tensor x_;
    int64_t lines_per_row_, first_line_;
};

/// The gradients of a convolution's input and weights.
struct ConvolutionGradients {
    Tensor x, weight;
};

}  // namespace mdn::lesson
