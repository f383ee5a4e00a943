// GELU(x) = x·Φ(x), Φ(x) = ½(1 + erf(x/√2)); its derivative Φ(x) + x·φ(x), φ = exp(−x²/2)/√(2π).
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/cpu/vector_math.h"

namespace mdn {

namespace {

template <class T>
T normal_cdf(T x) {
    return T{0.5} * (1 + erf_vectorised(x * static_cast<T>(M_SQRT1_2)));
}

template <class T>
T normal_density(T x) {
    constexpr T peak = static_cast<T>(M_2_SQRTPI * M_SQRT1_2 / 2);  // 1/√(2π)
    return peak * exp_nonpositive(T{-0.5} * x * x);
}

}  // namespace

void CpuKernels::gelu_forward(const Tensor& x, Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const T* in = x.data<T>();
        T* out = y.data<T>();
        parallel_for(x.numel(), x.numel(), [=](int64_t begin, int64_t end) {
#pragma omp simd
            for (int64_t i = begin; i < end; ++i) out[i] = in[i] * normal_cdf(in[i]);
        });
    });
}

void CpuKernels::gelu_backward(const Tensor& x, const Tensor& dy, Tensor& dx) {
    with_float_type(x, [&]<class T>(T) {
        const T *in = x.data<T>(), *grad = dy.data<T>();
        T* out = dx.data<T>();
        parallel_for(x.numel(), x.numel(), [=](int64_t begin, int64_t end) {
#pragma omp simd
            for (int64_t i = begin; i < end; ++i)
                out[i] = grad[i] * (normal_cdf(in[i]) + in[i] * normal_density(in[i]));
        });
    });
}

}  // namespace mdn
