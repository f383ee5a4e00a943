// Cross-entropy of a masked softmax: a warp for each row, then the mean of the rows in a fixed
// order.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/reduce.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

/// Whether entry c takes part; the mask of a row is null where all do.
__device__ __forceinline__ bool takes_part(const uint8_t* included, int64_t c) {
    return !included || included[c];
}

__global__ void cross_entropy_kernel(int64_t rows, int64_t classes, const float* x,
                                     const int64_t* targets, const uint8_t* included,
                                     float smoothing, float* row_loss, float* p) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    x += row * classes;
    p += row * classes;
    if (included) included += row * classes;
    float top = -INFINITY;
    for (int64_t c = lane; c < classes; c += warp_threads)
        if (takes_part(included, c)) top = fmaxf(top, x[c]);
    top = warp_max(top);
    float total = 0, shifted = 0, count = 0;  // Σ exp(x − top), Σ (x − top), Σ 1
    for (int64_t c = lane; c < classes; c += warp_threads) {
        if (!takes_part(included, c)) continue;
        total += expf(x[c] - top);
        shifted += x[c] - top;
        count += 1;
    }
    total = warp_sum(total);
    shifted = warp_sum(shifted);
    count = warp_sum(count);
    for (int64_t c = lane; c < classes; c += warp_threads)
        p[c] = takes_part(included, c) ? expf(x[c] - top) / total : 0;
    if (lane > 0) return;
    float expected = (1 - smoothing) * (x[targets[row]] - top);  // Σ_c q_c·(x_c − top)
    if (smoothing > 0) expected += smoothing * shifted / count;
    row_loss[row] = logf(total) - expected;
}

/// One block.
__global__ void mean_of_rows_kernel(int64_t rows, const float* row_loss, float* loss) {
    float total = 0;
    for (int64_t n = threadIdx.x; n < rows; n += blockDim.x) total += row_loss[n];
    total = block_sum(total, dynamic_shared<float>());
    if (threadIdx.x == 0) *loss = total / static_cast<float>(rows);
}

__global__ void cross_entropy_backward_kernel(int64_t rows, int64_t classes, const float* p,
                                              const int64_t* targets, const uint8_t* included,
                                              float smoothing, const float* dloss, float* dx) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    p += row * classes;
    dx += row * classes;
    if (included) included += row * classes;
    float count = 0;
    for (int64_t c = lane; c < classes; c += warp_threads) count += takes_part(included, c);
    const float even = smoothing / warp_sum(count);
    const float factor = *dloss / static_cast<float>(rows);
    const int64_t target = targets[row];
    for (int64_t c = lane; c < classes; c += warp_threads) {
        const float q = even + (c == target ? 1 - smoothing : 0);
        dx[c] = takes_part(included, c) ? factor * (p[c] - q) : 0;
    }
}

const uint8_t* mask_or_null(const Tensor& included) {
    return included.defined() ? included.data<uint8_t>() : nullptr;
}

}  // namespace

void CudaKernels::softmax_cross_entropy_forward(const Tensor& logits, const Tensor& targets,
                                                const Tensor& included, double smoothing,
                                                Tensor& loss, Tensor& probabilities) {
    const int64_t rows = logits.dim(0), classes = logits.dim(1);
    const Tensor row_loss = Tensor::empty({rows}, DType::f32, Device::cuda);
    launch(cross_entropy_kernel, blocks_for(rows, rows_per_block), block_threads, 0, rows, classes,
           logits.data<float>(), targets.data<int64_t>(), mask_or_null(included), smoothing,
           row_loss.data<float>(), probabilities.data<float>());
    launch(mean_of_rows_kernel, 1, block_threads, block_sum_bytes, rows, row_loss.data<float>(),
           loss.data<float>());
}

void CudaKernels::softmax_cross_entropy_backward(const Tensor& probabilities, const Tensor& targets,
                                                 const Tensor& included, double smoothing,
                                                 const Tensor& dloss, Tensor& dlogits) {
    const int64_t rows = probabilities.dim(0), classes = probabilities.dim(1);
    launch(cross_entropy_backward_kernel, blocks_for(rows, rows_per_block), block_threads, 0, rows,
           classes, probabilities.data<float>(), targets.data<int64_t>(), mask_or_null(included),
           smoothing, dloss.data<float>(), dlogits.data<float>());
}

}  // namespace mdn
