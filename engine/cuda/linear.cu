// Linear layers over rows, and one for each group of rows. cuBLAS multiplies; a kernel then adds
// the bias, and applies GELU while it has the sum at hand.
//
// cuBLASLt could add the bias itself (docs/benchmarks.md says what that would save). Its GELU could
// not be used: it is the approximation by tanh, and the model's is exact (SPEC §5).
#include <algorithm>

#include "engine/cuda/column_sum.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/gelu.h"
#include "engine/cuda/gemm.h"

namespace mdn {

namespace {

constexpr int64_t rows_per_block = 8;

/// u [rows, columns] += bias, and y = GELU(u) if `y` is given. A thread keeps to one column, and so
/// its bias in a register; blockIdx.y goes down the rows.
template <class T>
__global__ void bias_kernel(int64_t rows, int64_t columns, const float* bias, T* u, T* y) {
    const int64_t column = first_index();
    if (column >= columns) return;
    const float b = bias ? bias[column] : 0;
    for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
        const int64_t i = row * columns + column;
        const T sum = from_float<T>(to_float(u[i]) + b);
        if (bias) u[i] = sum;
        if (y) y[i] = from_float<T>(gelu(to_float(sum)));
    }
}

/// `y` null leaves GELU out; `bias` may be undefined.
template <class T>
void add_bias(const Tensor& bias, int64_t rows, int64_t columns, T* u, T* y) {
    dim3 grid = blocks_for(columns, block_threads);
    grid.y = static_cast<unsigned>(std::min<int64_t>(ceil_divide(rows, rows_per_block), 65535));
    launch(bias_kernel<T>, grid, block_threads, 0, rows, columns,
           bias.defined() ? bias.data<float>() : nullptr, u, y);
}

/// y [N,O] = x [N,I] · weightᵀ.
template <class T>
void times_weight(const Tensor& x, const Tensor& weight, const Tensor& y) {
    const int64_t in = x.dim(1), out = weight.dim(0);
    const Tensor factor = as_factor(weight, x.dtype());
    cuda_gemm(CudaProduct{.m = x.dim(0),
                          .n = out,
                          .k = in,
                          .transpose_b = true,
                          .lda = in,
                          .ldb = in,
                          .ldc = out},
              elements<T>(x), elements<T>(factor), elements<T>(y));
}

}  // namespace

void CudaKernels::linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        times_weight<T>(x, weight, y);
        if (bias.defined()) add_bias<T>(bias, y.dim(0), y.dim(1), elements<T>(y), nullptr);
    });
}

void CudaKernels::linear_gelu_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                      Tensor& u, Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        times_weight<T>(x, weight, u);
        add_bias<T>(bias, y.dim(0), y.dim(1), elements<T>(u), elements<T>(y));
    });
}

void CudaKernels::linear_backward_input(const Tensor& dy, const Tensor& weight, Tensor& dx) {
    with_activation_type(dy, [&]<class T>(T) {
        const int64_t in = weight.dim(1), out = weight.dim(0);
        const Tensor factor = as_factor(weight, dy.dtype());
        cuda_gemm(CudaProduct{.m = dy.dim(0), .n = in, .k = out, .lda = out, .ldb = in, .ldc = in},
                  elements<T>(dy), elements<T>(factor), elements<T>(dx));
    });
}

void CudaKernels::linear_backward_weight(const Tensor& x, const Tensor& dy, Tensor& dweight,
                                         Tensor& dbias) {
    with_activation_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), in = x.dim(1), out = dy.dim(1);
        cuda_gemm(CudaProduct{.m = out,
                              .n = in,
                              .k = rows,
                              .transpose_a = true,
                              .lda = out,
                              .ldb = in,
                              .ldc = in},
                  elements<T>(dy), elements<T>(x), dweight.data<float>());
        if (dbias.defined()) column_sums(rows, out, elements<T>(dy), dbias.data<float>());
    });
}

// A group's rows lie groups·width elements apart, and the next group `width` after it, so one
// batched product reaches all groups where they lie.

void CudaKernels::grouped_linear_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                         Tensor& y) {
    with_activation_type(x, [&]<class T>(T) {
        const int64_t groups = x.dim(1), in = x.dim(2), out = weight.dim(1);
        const Tensor factor = as_factor(weight, x.dtype());
        cuda_gemm(CudaProduct{.m = x.dim(0),
                              .n = out,
                              .k = in,
                              .transpose_b = true,
                              .lda = groups * in,
                              .ldb = in,
                              .ldc = groups * out,
                              .count = groups,
                              .stride_a = in,
                              .stride_b = out * in,
                              .stride_c = out},
                  elements<T>(x), elements<T>(factor), elements<T>(y));
        add_bias<T>(bias, x.dim(0), groups * out, elements<T>(y), nullptr);
    });
}

void CudaKernels::grouped_linear_backward(const Tensor& x, const Tensor& weight, const Tensor& dy,
                                          Tensor& dx, Tensor& dweight, Tensor& dbias) {
    with_activation_type(x, [&]<class T>(T) {
        const int64_t rows = x.dim(0), groups = x.dim(1), in = x.dim(2), out = weight.dim(1);
        const Tensor factor = as_factor(weight, x.dtype());
        cuda_gemm(CudaProduct{.m = rows,
                              .n = in,
                              .k = out,
                              .lda = groups * out,
                              .ldb = in,
                              .ldc = groups * in,
                              .count = groups,
                              .stride_a = out,
                              .stride_b = out * in,
                              .stride_c = in},
                  elements<T>(dy), elements<T>(factor), elements<T>(dx));
        cuda_gemm(CudaProduct{.m = out,
                              .n = in,
                              .k = rows,
                              .transpose_a = true,
                              .lda = groups * out,
                              .ldb = groups * in,
                              .ldc = in,
                              .count = groups,
                              .stride_a = out,
                              .stride_b = in,
                              .stride_c = out * in},
                  elements<T>(dy), elements<T>(x), dweight.data<float>());
        column_sums(rows, groups * out, elements<T>(dy), dbias.data<float>());
    });
}

}  // namespace mdn
