// Runs of channels copied from the neighbouring frames, a block for each row of pixels.
#include <numeric>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

namespace {

/// All counted in packs: of a pixel's, the first `fold` come from frame t + step, the next `fold`
/// from frame t − step.
template <class Packed>
__global__ void temporal_shift_kernel(int64_t height, int64_t row_packs, int64_t pixel_packs,
                                      int64_t fold, int64_t frames, int64_t step, const Packed* x,
                                      Packed* y) {
    const int64_t t = blockIdx.x / height % frames;
    for (int64_t i = threadIdx.x; i < row_packs; i += blockDim.x) {
        const int64_t pack = i % pixel_packs, offset = blockIdx.x * row_packs + i;
        const int64_t from = pack < fold ? step : pack < 2 * fold ? -step : 0;
        const bool inside = t + from >= 0 && t + from < frames;
        y[offset] = inside ? x[offset + from * height * row_packs] : Packed{};
    }
}

}  // namespace

void CudaKernels::temporal_shift(const Tensor& x, int64_t frames, bool backward, Tensor& y) {
    const int64_t height = x.dim(1), channels = x.dim(3), fold = channels / 8;
    with_activation_type(x, [&]<class T>(T) {
        with_pack<T>(std::gcd(channels, fold), [&]<int n>(std::integral_constant<int, n>) {
            const int64_t packs = channels / n;
            launch(temporal_shift_kernel<Pack<T, n>>, blocks_for(x.dim(0) * height), block_threads,
                   0, height, x.dim(2) * packs, packs, fold / n, frames, backward ? -1 : 1,
                   elements<const Pack<T, n>>(x), elements<Pack<T, n>>(y));
        });
    });
}

}  // namespace mdn
