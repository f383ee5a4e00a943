// x[b,t,k] + entity[k] + frame[t].
#include <algorithm>

#include "engine/cpu/column_sum.h"
#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

void CpuKernels::add_embeddings_forward(const Tensor& x, const Tensor& entity, const Tensor& frame,
                                        Tensor& y) {
    with_float_type(x, [&]<class T>(T) {
        const int64_t frames = x.dim(1), entities = x.dim(2), width = x.dim(3);
        parallel_for(x.numel() / width, x.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t token = begin; token < end; ++token) {
                const T* in = x.data<T>() + token * width;
                const T* of_entity = entity.data<T>() + token % entities * width;
                const T* of_frame = frame.data<T>() + token / entities % frames * width;
                T* out = y.data<T>() + token * width;
#pragma omp simd
                for (int64_t d = 0; d < width; ++d) out[d] = in[d] + of_entity[d] + of_frame[d];
            }
        });
    });
}

void CpuKernels::add_embeddings_backward(const Tensor& dy, Tensor& dentity, Tensor& dframe) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t clips = dy.dim(0), frames = dy.dim(1), entities = dy.dim(2);
        const int64_t width = dy.dim(3);
        column_sum(dy.data<T>(), clips * frames, entities * width, dentity.data<T>());
        parallel_for(frames, dy.numel(), [&](int64_t begin, int64_t end) {
            for (int64_t t = begin; t < end; ++t) {
                T* out = dframe.data<T>() + t * width;
                std::fill(out, out + width, T{0});
                for (int64_t b = 0; b < clips; ++b)
                    for (int64_t k = 0; k < entities; ++k) {
                        const T* grad = dy.data<T>() + ((b * frames + t) * entities + k) * width;
#pragma omp simd
                        for (int64_t d = 0; d < width; ++d) out[d] += grad[d];
                    }
            }
        });
    });
}

}  // namespace mdn
