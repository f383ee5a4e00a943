// Two matrices side by side, and apart again.
#include <numeric>

#include "engine/cuda/copy_unit.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

/// A warp writes one row; widths are in units.
template <class Unit>
__global__ void concat_kernel(int64_t rows, int64_t left, int64_t right, const Unit* a,
                              const Unit* b, Unit* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    for (int64_t c = lane; c < left + right; c += warp_threads)
        y[row * (left + right) + c] = c < left ? a[row * left + c] : b[row * right + c - left];
}

/// A warp reads one row.
template <class Unit>
__global__ void split_kernel(int64_t rows, int64_t left, int64_t right, const Unit* y, Unit* a,
                             Unit* b) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t row = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (row >= rows) return;
    for (int64_t c = lane; c < left + right; c += warp_threads)
        (c < left ? a[row * left + c] : b[row * right + c - left]) = y[row * (left + right) + c];
}

}  // namespace

void CudaKernels::concat(const Tensor& a, const Tensor& b, Tensor& y) {
    const int64_t rows = y.dim(0), size = size_of(y.dtype());
    const int64_t left = a.dim(1) * size, right = b.dim(1) * size;
    with_copy_unit(std::gcd(left, right), [&]<class Unit>(Unit) {
        constexpr int64_t unit = sizeof(Unit);
        launch(concat_kernel<Unit>, blocks_for(rows, rows_per_block), block_threads, 0, rows,
               left / unit, right / unit, elements<Unit>(a), elements<Unit>(b), elements<Unit>(y));
    });
}

void CudaKernels::split(const Tensor& y, Tensor& a, Tensor& b) {
    const int64_t rows = y.dim(0), size = size_of(y.dtype());
    const int64_t left = a.dim(1) * size, right = b.dim(1) * size;
    with_copy_unit(std::gcd(left, right), [&]<class Unit>(Unit) {
        constexpr int64_t unit = sizeof(Unit);
        launch(split_kernel<Unit>, blocks_for(rows, rows_per_block), block_threads, 0, rows,
               left / unit, right / unit, elements<Unit>(y), elements<Unit>(a), elements<Unit>(b));
    });
}

}  // namespace mdn
