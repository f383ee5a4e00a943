// x[b,t,k] + entity[k] + frame[t].
#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"

namespace mdn {

namespace {

constexpr int tokens_per_block = block_threads / warp_threads;

/// A warp computes one token.
template <class T>
__global__ void add_embeddings_kernel(int64_t tokens, int64_t frames, int64_t entities,
                                      int64_t width, const T* x, const float* entity,
                                      const float* frame, T* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t token = int64_t{blockIdx.x} * tokens_per_block + threadIdx.x / warp_threads;
    if (token >= tokens) return;
    x += token * width;
    y += token * width;
    entity += token % entities * width;
    frame += token / entities % frames * width;
    for (int64_t d = lane; d < width; d += warp_threads)
        y[d] = from_float<T>(to_float(x[d]) + entity[d] + frame[d]);
}

/// dy [B,T,K,D] read as a matrix with a row for each (b,k) and a column for each (t,d), whose
/// column sums are dframe [T,D].
template <class T>
struct FrameColumns {
    static constexpr int count = 1, most = 1;
    int64_t frames, entities, width;
    const T* dy;
    template <int n>
    __device__ void add(int64_t row, int64_t column, float (&total)[1][n]) const {
        const int64_t clip = row / entities, entity = row % entities;
        const int64_t frame = column / width, d = column % width;
        total[0][0] += to_float(dy[((clip * frames + frame) * entities + entity) * width + d]);
    }
};

}  // namespace

void CudaKernels::add_embeddings_forward(const Tensor& x, const Tensor& entity, const Tensor& frame,
                                         Tensor& y) {
    const int64_t tokens = x.dim(0) * x.dim(1) * x.dim(2);
    with_activation_type(x, [&]<class T>(T) {
        launch(add_embeddings_kernel<T>, blocks_for(tokens, tokens_per_block), block_threads, 0,
               tokens, x.dim(1), x.dim(2), x.dim(3), elements<T>(x), entity.data<float>(),
               frame.data<float>(), elements<T>(y));
    });
}

void CudaKernels::add_embeddings_backward(const Tensor& dy, Tensor& dentity, Tensor& dframe) {
    const int64_t clips = dy.dim(0), frames = dy.dim(1), entities = dy.dim(2), width = dy.dim(3);
    with_activation_type(dy, [&]<class T>(T) {
        const T* grad = elements<T>(dy);
        column_sums(clips * frames, entities * width, grad, dentity.data<float>());
        column_sums_of(clips * entities, frames * width,
                       FrameColumns<T>{frames, entities, width, grad}, {{dframe.data<float>()}});
    });
}

}  // namespace mdn
