// ROIAlign, separable: what a bin reads is worked out per axis, once per block, and lanes then
// combine whole packs of channels. Coordinates are double, as on the CPU, so that a sample is
// inside or outside the map on both.
#include <algorithm>

#include "engine/cuda/cuda_kernels.h"
#include "engine/cuda/dispatch.h"
#include "engine/cuda/pack.h"

namespace mdn {

namespace {

/// What a bin reads along one axis: the mean of two samples, each between two neighbours, is a
/// weighted sum of at most four positions. Samples outside the map weigh nothing, so the product
/// of both axes' weights also drops a sample that is outside on either.
struct BinAxis {
    int count = 0;
    int position[4];
    float weight[4];

    __device__ void add(int at, double w) {
        for (int i = 0; i < count; ++i)
            if (position[i] == at) {
                weight[i] += static_cast<float>(w);
                return;
            }
        position[count] = at;
        weight[count++] = static_cast<float>(w);
    }

    /// Of `bins` bins of a box from `low` to `high` (pixels), the p-th, on a map of `length` cells
    /// that are 1/scale pixels long.
    __device__ BinAxis(double low, double high, double scale, int length, int bins, int p) {
        const double start = low * scale - 0.5;
        const double bin = (high * scale - low * scale) / bins;
        for (int half = 0; half < 2; ++half) {
            const double at = start + (p + 0.25 + 0.5 * half) * bin;
            if (!(at >= -1 && at <= length)) continue;  // also for a coordinate that is NaN
            const double inside = at < 0 ? 0. : at > length - 1 ? length - 1. : at;
            const int lower = static_cast<int>(inside);
            const double fraction = inside - lower;
            add(lower, 0.5 * (1 - fraction));
            if (fraction > 0) add(lower + 1, 0.5 * fraction);
        }
    }

    /// How much the bin reads of one position.
    __device__ float weight_of(int cell) const {
        float found = 0;
        for (int i = 0; i < count; ++i)
            if (position[i] == cell) found = weight[i];
        return found;
    }
};

/// features [N,height,width,channels], boxes [N,per_image,4], y [N,per_image,bins,bins,channels].
struct Geometry {
    int64_t images, channels;
    int height, width, per_image, bins;
    double scale_x, scale_y;  // cells per pixel

    Geometry(const Tensor& features, const Tensor& y, double size)
        : images(features.dim(0)),
          channels(features.dim(3)),
          height(static_cast<int>(features.dim(1))),
          width(static_cast<int>(features.dim(2))),
          per_image(static_cast<int>(y.dim(1))),
          bins(static_cast<int>(y.dim(2))),
          scale_x(static_cast<double>(width) / size),
          scale_y(static_cast<double>(height) / size) {}

    __device__ BinAxis x_axis(const float* box, int p) const {
        return BinAxis(box[0], box[2], scale_x, width, bins, p);
    }
    __device__ BinAxis y_axis(const float* box, int p) const {
        return BinAxis(box[1], box[3], scale_y, height, bins, p);
    }
};

/// A block has one row of a box's bins (blockIdx.x) and each thread n of its channels
/// (blockIdx.y), which it sums bin by bin.
template <class T, int n>
__global__ void roi_align_kernel(Geometry g, const T* features, const float* boxes, T* y) {
    BinAxis* columns = dynamic_shared<BinAxis>();  // [bins], and after them the row's
    const int64_t box = blockIdx.x / g.bins;
    const int row = static_cast<int>(blockIdx.x % g.bins);
    for (int p = threadIdx.x; p <= g.bins; p += blockDim.x)
        columns[p] = p < g.bins ? g.x_axis(boxes + box * 4, p) : g.y_axis(boxes + box * 4, row);
    __syncthreads();
    const BinAxis& rows = columns[g.bins];
    const int64_t channel = (int64_t{blockIdx.y} * blockDim.x + threadIdx.x) * n;
    if (channel >= g.channels) return;
    features += box / g.per_image * g.height * g.width * g.channels + channel;
    y += int64_t{blockIdx.x} * g.bins * g.channels + channel;
    for (int p = 0; p < g.bins; ++p, y += g.channels) {
        float sum[n] = {};
        for (int i = 0; i < rows.count; ++i)
            for (int j = 0; j < columns[p].count; ++j) {
                const int64_t cell = int64_t{rows.position[i]} * g.width + columns[p].position[j];
                const float weight = rows.weight[i] * columns[p].weight[j];
                float at[n];
                load<n>(features + cell * g.channels, at);
                for (int c = 0; c < n; ++c) sum[c] += weight * at[c];
            }
        store<n>(sum, y);
    }
}

/// The transpose, gathered: a block has one cell of a feature map (blockIdx.x), and each thread
/// adds for n of its channels (blockIdx.y) what every bin that read the cell passes back, box by
/// box and bin by bin: no two threads write the same element, and the order is fixed. Of each box
/// only the bins that meet the cell on both axes are visited.
template <class T, int n>
__global__ void roi_align_backward_kernel(Geometry g, int boxes_at_once, const float* boxes,
                                          const T* dy, T* dfeatures) {
    float* row_weights = dynamic_shared<float>();  // [boxes_at_once, bins]
    float* column_weights = row_weights + boxes_at_once * g.bins;
    const int cells = g.height * g.width;
    const int64_t image = blockIdx.x / cells;
    const int cell = static_cast<int>(blockIdx.x % cells);
    const int64_t channel = (int64_t{blockIdx.y} * blockDim.x + threadIdx.x) * n;
    float sum[n] = {};
    for (int first = 0; first < g.per_image; first += boxes_at_once) {
        const int64_t box = image * g.per_image + first;
        const int count = min(boxes_at_once, g.per_image - first);
        for (int e = threadIdx.x; e < count * g.bins; e += blockDim.x) {
            const float* corners = boxes + (box + e / g.bins) * 4;
            row_weights[e] = g.y_axis(corners, e % g.bins).weight_of(cell / g.width);
            column_weights[e] = g.x_axis(corners, e % g.bins).weight_of(cell % g.width);
        }
        __syncthreads();
        for (int row = 0; row < count * g.bins && channel < g.channels; ++row) {
            if (row_weights[row] == 0) continue;
            const float* columns = column_weights + row / g.bins * g.bins;
            for (int p = 0; p < g.bins; ++p) {
                if (columns[p] == 0) continue;
                const float weight = row_weights[row] * columns[p];
                const int64_t bin = (box * g.bins + row) * g.bins + p;
                float grad[n];
                load<n>(dy + bin * g.channels + channel, grad);
                for (int c = 0; c < n; ++c) sum[c] += weight * grad[c];
            }
        }
        __syncthreads();  // before the next boxes' weights take the place of these
    }
    if (channel < g.channels) store<n>(sum, dfeatures + int64_t{blockIdx.x} * g.channels + channel);
}

/// Calls f(n, grid, threads) for blocks that have one of `items` each and `threads` packs of n
/// channels.
template <class T, class F>
void over_channels(int64_t items, int64_t channels, F&& f) {
    with_pack<T>(channels, [&]<int n>(std::integral_constant<int, n> number) {
        const int64_t warps = ceil_divide(channels / n, warp_threads);
        const int threads =
            warp_threads * static_cast<int>(std::min<int64_t>(warps, block_threads / warp_threads));
        dim3 grid = blocks_for(items);
        grid.y = blocks_for(channels / n, threads).x;
        f(number, grid, threads);
    });
}

}  // namespace

void CudaKernels::roi_align_forward(const Tensor& features, const Tensor& boxes, double size,
                                    Tensor& y) {
    if (y.numel() == 0) return;
    with_activation_type(features, [&]<class T>(T) {
        const Geometry g(features, y, size);
        const int64_t items = g.images * g.per_image * g.bins;
        over_channels<T>(items, g.channels, [&](auto n, dim3 grid, int threads) {
            launch(roi_align_kernel<T, n>, grid, threads, (g.bins + 1) * int64_t{sizeof(BinAxis)},
                   g, elements<T>(features), boxes.data<float>(), elements<T>(y));
        });
    });
}

void CudaKernels::roi_align_backward(const Tensor& boxes, const Tensor& dy, double size,
                                     Tensor& dfeatures) {
    if (dfeatures.numel() == 0) return;
    with_activation_type(dy, [&]<class T>(T) {
        constexpr int64_t weights = 2048;  // of each axis that a block keeps: 16 KiB in all
        const Geometry g(dfeatures, dy, size);
        const int boxes_at_once =
            static_cast<int>(std::clamp<int64_t>(weights / g.bins, 1, std::max(g.per_image, 1)));
        const int64_t items = g.images * g.height * g.width;
        over_channels<T>(items, g.channels, [&](auto n, dim3 grid, int threads) {
            launch(roi_align_backward_kernel<T, n>, grid, threads,
                   2 * boxes_at_once * g.bins * int64_t{sizeof(float)}, g, boxes_at_once,
                   boxes.data<float>(), elements<T>(dy), elements<T>(dfeatures));
        });
    });
}

}  // namespace mdn
