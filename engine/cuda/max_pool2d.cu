// Max pooling, a block for each row of pixels. The backward collects from the windows instead of
// scattering to the winners, so that nothing is shared between threads.
#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

namespace {

struct PoolShape {
    int64_t height, width, channels, out_height, out_width;
    int64_t kernel, stride, pad;
};

PoolShape pool_shape(const Tensor& x, const Tensor& y, const Pool2d& p) {
    return {x.dim(1), x.dim(2), x.dim(3), y.dim(1), y.dim(2), p.kernel, p.stride, p.pad};
}

/// y [N,H',W',C]: a block takes a row of pixels, a thread n channels of a pixel at a time.
template <class T, int n>
__global__ void max_pool2d_kernel(PoolShape s, const T* x, T* y, uint8_t* winner) {
    const int64_t packs = s.channels / n, row = blockIdx.x;
    const int64_t top = row % s.out_height * s.stride - s.pad;
    x += row / s.out_height * s.height * s.width * s.channels;
    for (int64_t i = threadIdx.x; i < s.out_width * packs; i += blockDim.x) {
        const int64_t channel = i % packs * n, left = i / packs * s.stride - s.pad;
        float best[n] = {};
        Pack<uint8_t, n> at = {};
        bool first = true;
        for (int64_t ky = 0; ky < s.kernel; ++ky)
            for (int64_t kx = 0; kx < s.kernel; ++kx) {
                const int64_t iy = top + ky, ix = left + kx;
                if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
                float values[n];
                load(x + (iy * s.width + ix) * s.channels + channel, values);
                for (int j = 0; j < n; ++j)
                    // A value that is not a number wins and stays.
                    if (first || values[j] > best[j] || values[j] != values[j]) {
                        best[j] = values[j];
                        at.at[j] = static_cast<uint8_t>(ky * s.kernel + kx);
                    }
                first = false;
            }
        const int64_t offset = (row * s.out_width * packs + i) * n;
        store(best, y + offset);
        *reinterpret_cast<Pack<uint8_t, n>*>(winner + offset) = at;
    }
}

/// The first and last of `windows` windows along one axis that contain position i.
struct Windows {
    int64_t first, last;
    __device__ Windows(const PoolShape& s, int64_t i, int64_t windows) {
        const int64_t before = i + s.pad - s.kernel + s.stride;
        first = before > 0 ? before / s.stride : 0;
        last = (i + s.pad) / s.stride;
        if (last >= windows) last = windows - 1;
    }
};

/// dx [N,H,W,C], as above.
template <class T, int n>
__global__ void max_pool2d_backward_kernel(PoolShape s, const uint8_t* winner, const T* dy, T* dx) {
    const int64_t packs = s.channels / n, row = blockIdx.x, iy = row % s.height;
    const Windows rows(s, iy, s.out_height);
    const int64_t image = row / s.height * s.out_height * s.out_width * s.channels;
    for (int64_t i = threadIdx.x; i < s.width * packs; i += blockDim.x) {
        const int64_t channel = i % packs * n, ix = i / packs;
        const Windows columns(s, ix, s.out_width);
        float sum[n] = {};
        for (int64_t oy = rows.first; oy <= rows.last; ++oy)
            for (int64_t ox = columns.first; ox <= columns.last; ++ox) {
                const int64_t offset = image + (oy * s.out_width + ox) * s.channels + channel;
                float gradient[n];
                load(dy + offset, gradient);
                const auto at = *reinterpret_cast<const Pack<uint8_t, n>*>(winner + offset);
                const int64_t here =
                    (iy + s.pad - oy * s.stride) * s.kernel + ix + s.pad - ox * s.stride;
                for (int j = 0; j < n; ++j)
                    if (at.at[j] == here) sum[j] += gradient[j];
            }
        store(sum, dx + (row * s.width * packs + i) * n);
    }
}

}  // namespace

void CudaKernels::max_pool2d_forward(const Tensor& x, const Pool2d& options, Tensor& y,
                                     Tensor& winner) {
    with_activation_type(x, [&]<class T>(T) {
        with_pack<T>(x.dim(3), [&]<int n>(std::integral_constant<int, n>) {
            launch(max_pool2d_kernel<T, n>, blocks_for(y.dim(0) * y.dim(1)), block_threads, 0,
                   pool_shape(x, y, options), elements<const T>(x), elements<T>(y),
                   winner.data<uint8_t>());
        });
    });
}

void CudaKernels::max_pool2d_backward(const Tensor& winner, const Tensor& dy, const Pool2d& options,
                                      Tensor& dx) {
    with_activation_type(dy, [&]<class T>(T) {
        with_pack<T>(dx.dim(3), [&]<int n>(std::integral_constant<int, n>) {
            launch(max_pool2d_backward_kernel<T, n>, blocks_for(dx.dim(0) * dx.dim(1)),
                   block_threads, 0, pool_shape(dx, dy, options), winner.data<uint8_t>(),
                   elements<const T>(dy), elements<T>(dx));
        });
    });
}

}  // namespace mdn
