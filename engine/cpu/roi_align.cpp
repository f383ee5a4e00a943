// ROIAlign, separable: rows and columns of a bin's samples are worked out once per box, and whole
// channel rows are then combined.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cpu/cpu_kernels.h"
#include "engine/cpu/dispatch.h"

namespace mdn {

namespace {

/// What a bin reads along one axis: the mean of two samples, each between two neighbours, is a
/// weighted sum of at most four positions. Samples outside the map weigh nothing, so the product
/// of both axes' weights also drops a sample that is outside on either.
struct BinAxis {
    int64_t count = 0;
    int64_t position[4];
    double weight[4];

    void add(int64_t at, double w) {
        for (int64_t i = 0; i < count; ++i)
            if (position[i] == at) {
                weight[i] += w;
                return;
            }
        position[count] = at;
        weight[count++] = w;
    }
};

/// The bins along one axis of a box from `low` to `high` (pixels) on a map of `length` cells.
std::vector<BinAxis> bin_axes(double low, double high, double size, int64_t length, int64_t bins) {
    const double scale = static_cast<double>(length) / size;
    const double start = low * scale - 0.5;
    const double bin = (high * scale - low * scale) / static_cast<double>(bins);
    std::vector<BinAxis> axes(bins);
    for (int64_t p = 0; p < bins; ++p)
        for (const double sample : {0.25, 0.75}) {
            const double at = start + (static_cast<double>(p) + sample) * bin;
            // Also false for a coordinate that is not a number.
            if (!(at >= -1 && at <= static_cast<double>(length))) continue;
            const double inside = std::clamp(at, 0.0, static_cast<double>(length - 1));
            const auto lower = static_cast<int64_t>(inside);
            const double fraction = inside - static_cast<double>(lower);
            axes[p].add(lower, 0.5 * (1 - fraction));
            if (fraction > 0) axes[p].add(lower + 1, 0.5 * fraction);
        }
    return axes;
}

/// The bins of one box on both axes.
struct BoxBins {
    std::vector<BinAxis> x, y;

    template <class T>
    BoxBins(const T* box, double size, int64_t height, int64_t width, int64_t bins)
        : x(bin_axes(box[0], box[2], size, width, bins)),
          y(bin_axes(box[1], box[3], size, height, bins)) {}

    /// body(bin's index, feature cell's index, weight) for everything the box reads.
    template <class F>
    void for_each(int64_t width, F&& body) const {
        const auto bins = static_cast<int64_t>(x.size());
        for (int64_t py = 0; py < bins; ++py)
            for (int64_t px = 0; px < bins; ++px)
                for (int64_t i = 0; i < y[py].count; ++i)
                    for (int64_t j = 0; j < x[px].count; ++j)
                        body(py * bins + px, y[py].position[i] * width + x[px].position[j],
                             y[py].weight[i] * x[px].weight[j]);
    }
};

/// to[c] += weight · from[c].
template <class T>
void add_scaled(const T* from, T weight, int64_t channels, T* to) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) to[c] += weight * from[c];
}

}  // namespace

void CpuKernels::roi_align_forward(const Tensor& features, const Tensor& boxes, double size,
                                   Tensor& y) {
    with_float_type(features, [&]<class T>(T) {
        const int64_t height = features.dim(1), width = features.dim(2), channels = features.dim(3);
        const int64_t per_image = boxes.dim(1), bins = y.dim(2);
        const int64_t cells = height * width * channels, outputs = bins * bins * channels;
        parallel_for(boxes.dim(0) * per_image, y.numel(), [&](int64_t begin, int64_t end) {
            std::fill(y.data<T>() + begin * outputs, y.data<T>() + end * outputs, T{0});
            for (int64_t k = begin; k < end; ++k) {
                const BoxBins box(boxes.data<T>() + k * 4, size, height, width, bins);
                const T* image = features.data<T>() + k / per_image * cells;
                T* out = y.data<T>() + k * outputs;
                box.for_each(width, [&](int64_t bin, int64_t cell, double weight) {
                    add_scaled(image + cell * channels, static_cast<T>(weight), channels,
                               out + bin * channels);
                });
            }
        });
    });
}

void CpuKernels::roi_align_backward(const Tensor& boxes, const Tensor& dy, double size,
                                    Tensor& dfeatures) {
    with_float_type(dy, [&]<class T>(T) {
        const int64_t height = dfeatures.dim(1), width = dfeatures.dim(2);
        const int64_t channels = dfeatures.dim(3), per_image = boxes.dim(1), bins = dy.dim(2);
        const int64_t cells = height * width * channels, outputs = bins * bins * channels;
        // An image belongs to one thread, so boxes may overlap and the order of sums is fixed.
        parallel_for(dfeatures.dim(0), dy.numel(), [&](int64_t begin, int64_t end) {
            std::fill(dfeatures.data<T>() + begin * cells, dfeatures.data<T>() + end * cells, T{0});
            for (int64_t k = begin * per_image; k < end * per_image; ++k) {
                const BoxBins box(boxes.data<T>() + k * 4, size, height, width, bins);
                T* image = dfeatures.data<T>() + k / per_image * cells;
                const T* out = dy.data<T>() + k * outputs;
                box.for_each(width, [&](int64_t bin, int64_t cell, double weight) {
                    add_scaled(out + bin * channels, static_cast<T>(weight), channels,
                               image + cell * channels);
                });
            }
        });
    });
}

}  // namespace mdn
