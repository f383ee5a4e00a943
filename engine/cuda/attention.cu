// Scaled dot-product attention along one axis of [B,T,K,3D], one kernel each way. A block has one
// head of one sequence: it brings the head's q, k and v to shared memory, where sequences as short
// as these fit whole. The axis is a stride between tokens: nothing is transposed or copied.
#include <algorithm>
#include <cmath>
#include <string>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"
#include "engine/geometry/attention.h"

namespace mdn {

namespace {

/// The sequences, a block for each head of each.
struct HeadSequences : Sequences {
    float scale;

    HeadSequences(const Tensor& qkv, int64_t heads, TokenAxis axis)
        : Sequences(qkv, heads, axis), scale(1 / std::sqrt(static_cast<float>(width))) {}

    /// This block's first token; a block's number is [sequence, head].
    __device__ int64_t token() const { return first_token(blockIdx.x / heads); }
    /// Where its head begins in a token's q, k, v or y.
    __device__ int64_t head_offset() const { return int64_t{blockIdx.x % heads} * width; }

    // Rows in shared memory have odd lengths, so that lanes that read a column of them meet
    // different banks.
    __host__ __device__ int row() const { return width | 1; }
    __host__ __device__ int score_row() const { return length | 1; }

    int threads() const { return warp_threads * std::min(length, 8); }
};

/// Bytes of `vectors` rows and `scores` score rows for every token. Throws Error where a block
/// cannot have as many.
int64_t shared_bytes(const HeadSequences& seq, int64_t vectors, int64_t scores) {
    const int64_t bytes =
        seq.length * int64_t{sizeof(float)} * (vectors * seq.row() + scores * seq.score_row());
    const int64_t available = cuda_context().shared_bytes_per_block();
    if (bytes > available)
        throw Error(
            "[attention] sequences of " + std::to_string(seq.length) + " tokens with heads " +
                std::to_string(seq.width) + " wide need " + std::to_string((bytes + 1023) / 1024) +
                " KiB of shared memory, the GPU has " + std::to_string(available / 1024) + " KiB",
            "use shorter sequences or more heads");
    return bytes;
}

/// Copies a vector of each token to the rows of `to`; the tokens lie `step` elements apart.
template <class T>
__device__ void bring(const HeadSequences& seq, const T* from, int64_t step, float* to) {
    for (int e = threadIdx.x; e < seq.length * seq.width; e += blockDim.x) {
        const int i = e / seq.width, d = e % seq.width;
        to[i * seq.row() + d] = to_float(from[i * step + d]);
    }
}

__device__ __forceinline__ float dot(const float* a, const float* b, int width) {
    float total = 0;
    for (int d = 0; d < width; ++d) total += a[d] * b[d];
    return total;
}

/// Σ_n weights[n·weight_step]·vectors[n·row].
__device__ __forceinline__ float weighted_sum(int count, const float* weights, int weight_step,
                                              const float* vectors, int row) {
    float total = 0;
    for (int n = 0; n < count; ++n) total += weights[n * weight_step] * vectors[n * row];
    return total;
}

template <class T>
__global__ void attention_kernel(HeadSequences seq, const T* qkv, T* y, T* probabilities) {
    const int length = seq.length, width = seq.width, row = seq.row(), score_row = seq.score_row();
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int warps = blockDim.x / warp_threads;
    const int64_t model = seq.model(), step = seq.step * model;
    float *q = dynamic_shared<float>(), *k = q + length * row, *v = k + length * row;
    float* p = v + length * row;
    qkv += 3 * seq.token() * model + seq.head_offset();
    y += seq.token() * model + seq.head_offset();
    probabilities += int64_t{blockIdx.x} * length * length;

    bring(seq, qkv, 3 * step, q);
    bring(seq, qkv + model, 3 * step, k);
    bring(seq, qkv + 2 * model, 3 * step, v);
    __syncthreads();
    for (int e = threadIdx.x; e < length * length; e += blockDim.x) {
        const int i = e / length, j = e % length;
        p[i * score_row + j] = seq.scale * dot(q + i * row, k + j * row, width);
    }
    __syncthreads();
    for (int i = warp; i < length; i += warps) {  // softmax of a row by a warp
        float* scores = p + i * score_row;
        float top = -INFINITY, total = 0;
        for (int j = lane; j < length; j += warp_threads) top = fmaxf(top, scores[j]);
        top = warp_max(top);
        for (int j = lane; j < length; j += warp_threads)
            total += scores[j] = expf(scores[j] - top);
        total = warp_sum(total);
        for (int j = lane; j < length; j += warp_threads) {
            scores[j] /= total;
            probabilities[i * length + j] = from_float<T>(scores[j]);
        }
    }
    __syncthreads();
    for (int e = threadIdx.x; e < length * width; e += blockDim.x) {
        const int i = e / width, d = e % width;
        y[i * step + d] = from_float<T>(weighted_sum(length, p + i * score_row, 1, v + d, row));
    }
}

template <class T>
__global__ void attention_backward_kernel(HeadSequences seq, const T* qkv, const T* probabilities,
                                          const T* dy, T* dqkv) {
    const int length = seq.length, width = seq.width, row = seq.row(), score_row = seq.score_row();
    const int lane = threadIdx.x % warp_threads, warp = threadIdx.x / warp_threads;
    const int warps = blockDim.x / warp_threads;
    const int64_t model = seq.model(), step = seq.step * model;
    float *q = dynamic_shared<float>(), *k = q + length * row, *v = k + length * row;
    float *grad = v + length * row, *p = grad + length * row, *ds = p + length * score_row;
    qkv += 3 * seq.token() * model + seq.head_offset();
    dqkv += 3 * seq.token() * model + seq.head_offset();
    probabilities += int64_t{blockIdx.x} * length * length;

    bring(seq, qkv, 3 * step, q);
    bring(seq, qkv + model, 3 * step, k);
    bring(seq, qkv + 2 * model, 3 * step, v);
    bring(seq, dy + seq.token() * model + seq.head_offset(), step, grad);
    for (int e = threadIdx.x; e < length * length; e += blockDim.x)
        p[e / length * score_row + e % length] = to_float(probabilities[e]);
    __syncthreads();
    for (int i = warp; i < length; i += warps) {  // ds_ij = scale·p_ij·(dp_ij − Σ_l p_il·dp_il)
        const float* p_i = p + i * score_row;
        float* ds_i = ds + i * score_row;
        float along = 0;
        for (int j = lane; j < length; j += warp_threads) {
            ds_i[j] = dot(grad + i * row, v + j * row, width);
            along += p_i[j] * ds_i[j];
        }
        along = warp_sum(along);
        for (int j = lane; j < length; j += warp_threads)
            ds_i[j] = seq.scale * p_i[j] * (ds_i[j] - along);
    }
    __syncthreads();
    for (int e = threadIdx.x; e < length * width; e += blockDim.x) {
        const int i = e / width, d = e % width;
        T* to = dqkv + 3 * i * step + d;
        to[0] = from_float<T>(weighted_sum(length, ds + i * score_row, 1, k + d, row));
        to[model] = from_float<T>(weighted_sum(length, ds + i, score_row, q + d, row));
        to[2 * model] = from_float<T>(weighted_sum(length, p + i, score_row, grad + d, row));
    }
}

}  // namespace

void CudaKernels::attention_forward(const Tensor& qkv, int64_t heads, TokenAxis axis, Tensor& y,
                                    Tensor& probabilities) {
    if (qkv.numel() == 0) return;
    with_activation_type(qkv, [&]<class T>(T) {
        const HeadSequences seq(qkv, heads, axis);
        launch(attention_kernel<T>, blocks_for(seq.count * heads), seq.threads(),
               shared_bytes(seq, 3, 1), seq, elements<T>(qkv), elements<T>(y),
               elements<T>(probabilities));
    });
}

void CudaKernels::attention_backward(const Tensor& qkv, const Tensor& probabilities, int64_t heads,
                                     TokenAxis axis, const Tensor& dy, Tensor& dqkv) {
    if (qkv.numel() == 0) return;
    with_activation_type(qkv, [&]<class T>(T) {
        const HeadSequences seq(qkv, heads, axis);
        launch(attention_backward_kernel<T>, blocks_for(seq.count * heads), seq.threads(),
               shared_bytes(seq, 4, 2), seq, elements<T>(qkv), elements<T>(probabilities),
               elements<T>(dy), elements<T>(dqkv));
    });
}

}  // namespace mdn
