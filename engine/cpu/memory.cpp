// Fill, copy, cast and the sum of all elements.
#include <algorithm>
#include <cstring>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

template <class T>
void fill_with(Tensor& y, double value) {
    T* out = y.data<T>();
    parallel_for(y.numel(), y.numel(), [&](int64_t begin, int64_t end) {
        std::fill(out + begin, out + end, static_cast<T>(value));
    });
}

}  // namespace

void CpuKernels::fill(double value, Tensor& y) {
    switch (y.dtype()) {
        case DType::f32:
            return fill_with<float>(y, value);
        case DType::f64:
            return fill_with<double>(y, value);
        case DType::i64:
            return fill_with<int64_t>(y, value);
        case DType::u8:
            return fill_with<uint8_t>(y, value);
        case DType::bf16:
            throw Error("[cpu] bf16 is computed on a GPU only");
    }
}

void CpuKernels::copy(const Tensor& x, const Tensor& y) {
    const char* in = static_cast<const char*>(x.raw());
    char* out = static_cast<char*>(y.raw());
    parallel_for(x.bytes(), x.bytes() / 4, [&](int64_t begin, int64_t end) {
        std::memcpy(out + begin, in + begin, end - begin);
    });
}

void CpuKernels::cast(const Tensor& x, Tensor& y) {
    with_float_type(x, [&]<class From>(From) {
        with_float_type(y, [&]<class To>(To) {
            std::copy(x.data<From>(), x.data<From>() + x.numel(), y.data<To>());
        });
    });
}

void CpuKernels::cast_all(const std::vector<Tensor>& x, const std::vector<Tensor>& y) {
    for (size_t i = 0; i < x.size(); ++i) {
        Tensor to = y[i];
        cast(x[i], to);
    }
}

void CpuKernels::sum(const Tensor& x, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        double total = 0;
        for (int64_t i = 0; i < x.numel(); ++i) total += x.data<T>()[i];
        *y.data<T>() = static_cast<T>(total);
    });
}

}  // namespace mdn
