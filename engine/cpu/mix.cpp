// alpha[b,k,0]·a[b,t,k] + alpha[b,k,1]·b[b,t,k].
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::mix_forward(const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y) {
    with_float_type(a, [&]<class T>(T) {
        const int64_t frames = a.dim(1), entities = a.dim(2), width = a.dim(3);
        parallel_for(a.numel() / width, a.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t token = begin; token < end; ++token) {
                const int64_t clip = token / (frames * entities), entity = token % entities;
                const T* weights = alpha.data<T>() + (clip * entities + entity) * 2;
                const T first = weights[0], second = weights[1];
                const T *from_a = a.data<T>() + token * width,
                        *from_b = b.data<T>() + token * width;
                T* out = y.data<T>() + token * width;
#pragma omp simd
                for (int64_t d = 0; d < width; ++d) out[d] = first * from_a[d] + second * from_b[d];
            }
        });
    });
}

void CpuKernels::mix_backward(const Tensor& a, const Tensor& b, const Tensor& alpha,
                              const Tensor& dy, Tensor& da, Tensor& db, Tensor& dalpha) {
    with_float_type(a, [&]<class T>(T) {
        const int64_t frames = a.dim(1), entities = a.dim(2), width = a.dim(3);
        // One thread sees all frames of an entity of a clip, whose weights are shared by them.
        parallel_for(a.dim(0) * entities, a.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const T first = alpha.data<T>()[2 * i], second = alpha.data<T>()[2 * i + 1];
                T along_a = 0, along_b = 0;
                for (int64_t t = 0; t < frames; ++t) {
                    const int64_t token = (i / entities * frames + t) * entities + i % entities;
                    const T* grad = dy.data<T>() + token * width;
                    const T* from_a = a.data<T>() + token * width;
                    const T* from_b = b.data<T>() + token * width;
                    T *to_a = da.data<T>() + token * width, *to_b = db.data<T>() + token * width;
#pragma omp simd reduction(+ : along_a, along_b)
                    for (int64_t d = 0; d < width; ++d) {
                        to_a[d] = first * grad[d];
                        to_b[d] = second * grad[d];
                        along_a += from_a[d] * grad[d];
                        along_b += from_b[d] * grad[d];
                    }
                }
                dalpha.data<T>()[2 * i] = along_a;
                dalpha.data<T>()[2 * i + 1] = along_b;
            }
        });
    });
}

}  // namespace mdn
