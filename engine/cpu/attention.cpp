// Scaled dot-product attention along one axis of [B,T,K,3D]. Sequences are short (T frames or K
// entities) and heads narrow, so a head's q, k, v stay in cache and plain loops over the head's
// width are enough.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"
#include "engine/geometry/attention.h"

namespace mdn {

namespace {

template <class T>
T dot(const T* a, const T* b, int64_t width) {
    T total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t d = 0; d < width; ++d) total += a[d] * b[d];
    return total;
}

template <class T>
void add_scaled(T factor, const T* x, T* y, int64_t width) {
#pragma omp simd
    for (int64_t d = 0; d < width; ++d) y[d] += factor * x[d];
}

}  // namespace

void CpuKernels::attention_forward(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y,
                                   Tensor& probabilities) {
    with_float_type(qkv, [&]<class T>(T) {
        const Sequences seq(qkv, heads, axis);
        const int64_t width = seq.width, length = seq.length, model = seq.model();
        const int64_t in_step = seq.step * 3 * model, out_step = seq.step * model;
        const T scale = 1 / std::sqrt(static_cast<T>(width));
        parallel_for(seq.count * heads, qkv.numel() * length, [&](int64_t begin, int64_t end) {
            for (int64_t task = begin; task < end; ++task) {
                const int64_t token = seq.first_token(task / heads), head = task % heads * width;
                const T* q = qkv.data<T>() + token * 3 * model + head;
                const T *k = q + model, *v = k + model;
                T* out = y.data<T>() + token * model + head;
                T* p = probabilities.data<T>() + task * length * length;
                for (int64_t i = 0; i < length; ++i, p += length) {
                    for (int64_t j = 0; j < length; ++j)
                        p[j] = scale * dot(q + i * in_step, k + j * in_step, width);
                    const T top = *std::max_element(p, p + length);
                    T total = 0;
                    for (int64_t j = 0; j < length; ++j) total += p[j] = std::exp(p[j] - top);
                    T* out_i = out + i * out_step;
                    std::fill(out_i, out_i + width, T{0});
                    for (int64_t j = 0; j < length; ++j) {
                        p[j] /= total;
                        add_scaled(p[j], v + j * in_step, out_i, width);
                    }
                }
            }
        });
    });
}

void CpuKernels::attention_backward(const Tensor& qkv, const Tensor& probabilities, int64_t heads,
                                    TokenAxis axis, const Tensor& dy, Tensor& dqkv) {
    with_float_type(qkv, [&]<class T>(T) {
        const Sequences seq(qkv, heads, axis);
        const int64_t width = seq.width, length = seq.length, model = seq.model();
        const int64_t in_step = seq.step * 3 * model, out_step = seq.step * model;
        const T scale = 1 / std::sqrt(static_cast<T>(width));
        parallel_for(seq.count * heads, qkv.numel() * length, [&](int64_t begin, int64_t end) {
            std::vector<T> ds(length);  // one row of the scores' gradient
            for (int64_t task = begin; task < end; ++task) {
                const int64_t token = seq.first_token(task / heads), head = task % heads * width;
                const int64_t offset = token * 3 * model + head;
                const T *q = qkv.data<T>() + offset, *k = q + model, *v = k + model;
                T *dq = dqkv.data<T>() + offset, *dk = dq + model, *dv = dk + model;
                const T* grad = dy.data<T>() + token * model + head;
                const T* p = probabilities.data<T>() + task * length * length;
                for (int64_t i = 0; i < length; ++i)
                    for (T* part : {dq, dk, dv})
                        std::fill(part + i * in_step, part + i * in_step + width, T{0});
                for (int64_t i = 0; i < length; ++i, p += length) {
                    const T* grad_i = grad + i * out_step;
                    T along = 0;  // Σ_j p_ij·dp_ij
                    for (int64_t j = 0; j < length; ++j) {
                        ds[j] = dot(grad_i, v + j * in_step, width);
                        along += p[j] * ds[j];
                    }
                    for (int64_t j = 0; j < length; ++j) {
                        const T ds_ij = scale * p[j] * (ds[j] - along);
                        add_scaled(ds_ij, k + j * in_step, dq + i * in_step, width);
                        add_scaled(ds_ij, q + i * in_step, dk + j * in_step, width);
                        add_scaled(p[j], grad_i, dv + j * in_step, width);
                    }
                }
            }
        });
    });
}

}  // namespace mdn
