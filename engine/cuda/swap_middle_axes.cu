// [A,B,C,D] → [A,C,B,D], rows of D at a time.
#include "engine/cuda/copy_unit.h"
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"

namespace mdn {

namespace {

constexpr int rows_per_block = block_threads / warp_threads;

/// A warp copies one row of y: y[a,c,b] = x[a,b,c]. `width` is in units.
template <class Unit>
__global__ void swap_middle_axes_kernel(int64_t count, int64_t rows, int64_t columns, int64_t width,
                                        const Unit* x, Unit* y) {
    const int lane = threadIdx.x % warp_threads;
    const int64_t to = int64_t{blockIdx.x} * rows_per_block + threadIdx.x / warp_threads;
    if (to >= count) return;
    const int64_t b = to % rows, c = to / rows % columns, a = to / rows / columns;
    const int64_t from = (a * rows + b) * columns + c;
    for (int64_t d = lane; d < width; d += warp_threads) y[to * width + d] = x[from * width + d];
}

}  // namespace

void CudaKernels::swap_middle_axes(const Tensor& x, Tensor& y) {
    const int64_t count = x.dim(0) * x.dim(1) * x.dim(2);
    const int64_t bytes = x.dim(3) * size_of(x.dtype());
    with_copy_unit(bytes, [&]<class Unit>(Unit) {
        launch(swap_middle_axes_kernel<Unit>, blocks_for(count, rows_per_block), block_threads, 0,
               count, x.dim(1), x.dim(2), bytes / int64_t{sizeof(Unit)}, elements<Unit>(x),
               elements<Unit>(y));
    });
}

}  // namespace mdn
