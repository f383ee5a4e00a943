// alpha[b,k,0]·a[b,t,k] + alpha[b,k,1]·b[b,t,k].
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

constexpr int warps_per_block = block_threads / warp_threads;

struct MixShape {
    int64_t clips, frames, entities, width;
    explicit MixShape(const Tensor& a)
        : clips(a.dim(0)), frames(a.dim(1)), entities(a.dim(2)), width(a.dim(3)) {}
};

/// A warp mixes one token.
template <class T>
__global__ void mix_kernel(MixShape shape, const T* a, const T* b, const T* alpha, T* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t token = int64_t{blockIdx.x} * warps_per_block + threadIdx.x / warp_threads;
    if (token >= shape.clips * shape.frames * shape.entities) return;
    const int64_t clip = token / (shape.frames * shape.entities), entity = token % shape.entities;
    const T* weights = alpha + (clip * shape.entities + entity) * 2;
    const float first = to_float(weights[0]), second = to_float(weights[1]);
    for (int64_t i = token * shape.width + lane; i < (token + 1) * shape.width; i += warp_threads)
        y[i] = from_float<T>(first * to_float(a[i]) + second * to_float(b[i]));
}

/// A block takes an entity of a clip through all frames, a warp a frame at a time: they share the
/// two weights, whose gradients are sums over all of it.
template <class T>
__global__ void mix_backward_kernel(MixShape shape, const T* a, const T* b, const T* alpha,
                                    const T* dy, T* da, T* db, T* dalpha) {
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int64_t clip = blockIdx.x / shape.entities, entity = blockIdx.x % shape.entities;
    const float first = to_float(alpha[2 * int64_t{blockIdx.x}]);
    const float second = to_float(alpha[2 * int64_t{blockIdx.x} + 1]);
    float along_a = 0, along_b = 0;
    for (int64_t t = warp; t < shape.frames; t += warps_per_block) {
        const int64_t token = (clip * shape.frames + t) * shape.entities + entity;
        const int64_t end = (token + 1) * shape.width;
        for (int64_t i = token * shape.width + lane; i < end; i += warp_threads) {
            const float grad = to_float(dy[i]);
            along_a += to_float(a[i]) * grad;
            along_b += to_float(b[i]) * grad;
            da[i] = from_float<T>(first * grad);
            db[i] = from_float<T>(second * grad);
        }
    }
    along_a = block_sum(along_a, dynamic_shared<float>());
    along_b = block_sum(along_b, dynamic_shared<float>());
    if (threadIdx.x > 0) return;
    dalpha[2 * int64_t{blockIdx.x}] = from_float<T>(along_a);
    dalpha[2 * int64_t{blockIdx.x} + 1] = from_float<T>(along_b);
}

}  // namespace

void CudaKernels::mix_forward(const Tensor& a, const Tensor& b, const Tensor& alpha, Tensor& y) {
    with_activation_type(a, [&]<class T>(T) {
        const MixShape shape(a);
        launch(mix_kernel<T>,
               blocks_for(shape.clips * shape.frames * shape.entities, warps_per_block),
               block_threads, 0, shape, elements<T>(a), elements<T>(b), elements<T>(alpha),
               elements<T>(y));
    });
}

void CudaKernels::mix_backward(const Tensor& a, const Tensor& b, const Tensor& alpha,
                               const Tensor& dy, Tensor& da, Tensor& db, Tensor& dalpha) {
    with_activation_type(a, [&]<class T>(T) {
        const MixShape shape(a);
        launch(mix_backward_kernel<T>, blocks_for(shape.clips * shape.entities), block_threads,
               block_sum_bytes, shape, elements<T>(a), elements<T>(b), elements<T>(alpha),
               elements<T>(dy), elements<T>(da), elements<T>(db), elements<T>(dalpha));
    });
}

}  // namespace mdn
