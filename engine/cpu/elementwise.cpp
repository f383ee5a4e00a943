// Add, multiply, scale and ReLU.
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// out[i] = f(i) for every element, in parallel.
template <class T, class F>
void map(Tensor& y, F&& f) {
    T* out = y.data<T>();
    parallel_for(y.numel(), y.numel(), [&](int64_t begin, int64_t end) {
    // Element i is read before it is written, so an operand may be the output.
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) out[i] = f(i);
    });
}

}  // namespace

void CpuKernels::add(const Tensor& a, const Tensor& b, Tensor& y) {
    with_float_type(a, [&]<class T>(T) {
        const T *pa = a.data<T>(), *pb = b.data<T>();
        map<T>(y, [=](int64_t i) { return pa[i] + pb[i]; });
    });
}

void CpuKernels::multiply(const Tensor& a, const Tensor& b, Tensor& y) {
    with_float_type(a, [&]<class T>(T) {
        const T *pa = a.data<T>(), *pb = b.data<T>();
        map<T>(y, [=](int64_t i) { return pa[i] * pb[i]; });
    });
}

void CpuKernels::scale(const Tensor& x, double factor, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const T* in = x.data<T>();
        const T by = static_cast<T>(factor);
        map<T>(y, [=](int64_t i) { return by * in[i]; });
    });
}

void CpuKernels::relu_forward(const Tensor& x, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const T* in = x.data<T>();
        map<T>(y, [=](int64_t i) { return in[i] < 0 ? T{0} : in[i]; });
    });
}

void CpuKernels::relu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) {
    with_float_type(x, [&]<class T>(T) {
        const T *in = x.data<T>(), *grad = dy.data<T>();
        // Both are read whatever the outcome: a load under a condition would not be vectorised.
        map<T>(dx, [=](int64_t i) {
            const T g = grad[i];
            return in[i] <= 0 ? T{0} : g;
        });
    });
}

}  // namespace mdn
