#include "docs/lessons/harness/check.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "engine/autograd.h"

namespace mdn::lesson {

namespace {

/// "[1, 0, 2]": where element `offset` of a row-major tensor lies.
std::string index_text(const Shape& shape, int64_t offset) {
    Shape index(shape.size());
    for (size_t axis = shape.size(); axis-- > 0; offset /= shape[axis])
        index[axis] = offset % shape[axis];
    return to_string(index);
}

/// Both numbers with as few digits as tell them apart.
std::string both(double got, double want) {
    char first[40] = "", second[40] = "";
    for (int digits : {4, 6, 9, 17}) {
        std::snprintf(first, sizeof first, "%.*g", digits, got);
        std::snprintf(second, sizeof second, "%.*g", digits, want);
        if (std::strcmp(first, second) != 0) break;
    }
    return std::string(first) + ", but must be " + second;
}

std::string how_many(int64_t differ, int64_t of) {
    return " (" + std::to_string(differ) + " of " + std::to_string(of) +
           (differ == 1 ? " values differs)" : " values differ; this is the first)");
}

template <class T>
void expect_values(const std::string& name, const Tensor& got, const Tensor& want,
                   double tolerance) {
    const T *a = got.data<T>(), *b = want.data<T>();
    int64_t first = -1, differ = 0;
    for (int64_t i = 0; i < want.numel(); ++i) {
        const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        if (std::abs(x - y) <= tolerance * std::max(1.0, std::abs(y))) continue;
        if (differ++ == 0) first = i;
    }
    if (differ == 0) return;
    throw Wrong{name + index_text(want.shape(), first) + " is " +
                both(static_cast<double>(a[first]), static_cast<double>(b[first])) +
                how_many(differ, want.numel())};
}

void expect_same_kind(const std::string& name, const Tensor& got, const Tensor& want) {
    expect(got.defined(), name + " is an undefined Tensor, but must be " + describe(want));
    expect(got.shape() == want.shape(), name + " has the shape " + to_string(got.shape()) +
                                            ", but must have " + to_string(want.shape()));
    expect(got.dtype() == want.dtype(), name + " has the dtype " + to_string(got.dtype()) +
                                            ", but must have " + to_string(want.dtype()));
}

}  // namespace

std::string describe(const Tensor& x) {
    return x.defined() ? to_string(x.dtype()) + " " + to_string(x.shape()) : "an undefined Tensor";
}

void expect(bool condition, const std::string& message) {
    if (!condition) throw Wrong{message};
}

void expect_tensor(const std::string& name, const Tensor& got, const Tensor& want,
                   double tolerance) {
    expect_same_kind(name, got, want);
    switch (want.dtype()) {
        case DType::f32:
            return expect_values<float>(name, got, want, tolerance < 0 ? 1e-5 : tolerance);
        case DType::f64:
            return expect_values<double>(name, got, want, tolerance < 0 ? 1e-10 : tolerance);
        case DType::i64:
            return expect_values<int64_t>(name, got, want, 0);
        case DType::u8:
            return expect_values<uint8_t>(name, got, want, 0);
        case DType::bf16:
            throw Error("[lesson] bf16 is for a GPU, where no lesson computes");
    }
}

void expect_numbers(const std::string& name, const std::vector<int64_t>& got,
                    const std::vector<int64_t>& want) {
    expect(got.size() == want.size(), name + " has " + std::to_string(got.size()) +
                                          " numbers, but must have " + std::to_string(want.size()));
    for (size_t i = 0; i < want.size(); ++i)
        expect(got[i] == want[i], name + "[" + std::to_string(i) + "] is " +
                                      std::to_string(got[i]) + ", but must be " +
                                      std::to_string(want[i]) + ": all of it is " + to_string(got) +
                                      ", but must be " + to_string(want));
}

void expect_number(const std::string& name, int64_t got, int64_t want) {
    expect(got == want,
           name + " is " + std::to_string(got) + ", but must be " + std::to_string(want));
}

void expect_unchanged(const std::string& name, const Tensor& now, const Tensor& before) {
    if (std::memcmp(now.raw(), before.raw(), before.bytes()) == 0) return;
    try {
        expect_tensor(name, now, before, 0);
    } catch (const Wrong& wrong) {
        throw Wrong{"your code has changed its input: " + wrong.message};
    }
    throw Wrong{"your code has changed its input " + name};
}

void allow_memory([[maybe_unused]] int64_t bytes) {
#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes of addresses
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, pages * sysconf(_SC_PAGESIZE) + bytes);
    setrlimit(RLIMIT_AS, &limit);
#endif
}

void leave_traces(const Shape& shape, DType dtype) { Tensor::full(shape, 7.5, dtype); }

std::vector<Tensor> engine_gradients(
    const std::function<Tensor(const std::vector<Tensor>& inputs)>& f,
    const std::vector<Tensor>& inputs, const Tensor& dy) {
    std::vector<Tensor> leaves, gradients;
    for (const Tensor& x : inputs) leaves.push_back(x.clone().set_requires_grad());
    backward(f(leaves), dy);
    for (const Tensor& leaf : leaves) gradients.push_back(leaf.grad());
    return gradients;
}

}  // namespace mdn::lesson
