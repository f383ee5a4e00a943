#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "docs/lessons/harness/exercise.h"

namespace mdn::lesson {

struct Box {
    double x1, y1, x2, y2;
};

std::optional<Box> bounds(const double* joints, int64_t count) {
    std::optional<Box> box;
    for (int64_t j = 0; j < count; ++j) {
        const double x = joints[3 * j], y = joints[3 * j + 1], confidence = joints[3 * j + 2];
        if (confidence <= 0) continue;
        if (!box) box = {x, y, x, y};
        *box = {std::min(box->x1, x), std::min(box->y1, y), std::max(box->x2, x),
                std::max(box->y2, y)};
    }
    return box;
}

std::optional<Box> visible_box(const double* joints, int64_t count, double margin, double size) {
    std::optional<Box> box = bounds(joints, count);
    if (!box) return {};
    *box = {std::max(box->x1 - margin, 0.0), std::max(box->y1 - margin, 0.0),
            std::min(box->x2 + margin, size), std::min(box->y2 + margin, size)};
    if (box->x1 >= box->x2 || box->y1 >= box->y2) return {};
    return box;
}

Tensor part_boxes(const Tensor& joints, double margin, double size) {
    const int64_t frames = joints.dim(0), count = joints.dim(1);
    std::vector<std::optional<Box>> seen;
    for (int64_t t = 0; t < frames; ++t)
        seen.push_back(visible_box(joints.data<double>() + t * count * 3, count, margin, size));
    Tensor boxes = Tensor::empty({frames, 4}, DType::f64);
    for (int64_t t = 0; t < frames; ++t) {
        Box box = {0, 0, size, size};
        for (int64_t away = 0; away < frames; ++away) {
            const int64_t earlier = t - away, later = t + away;
            if (earlier >= 0 && seen[earlier]) {
                box = *seen[earlier];
                break;
            }
            if (later < frames && seen[later]) {
                box = *seen[later];
                break;
            }
        }
        double* out = boxes.data<double>() + t * 4;
        out[0] = box.x1, out[1] = box.y1, out[2] = box.x2, out[3] = box.y2;
    }
    return boxes;
}

/// Between which two cells of one axis a position lies, and how far beyond the lower one.
struct Between {
    bool outside;
    int64_t low, high;
    double part;
};

Between between(double pixels, int64_t cells, double size) {
    double at = pixels * static_cast<double>(cells) / size - 0.5;
    if (at < -1 || at > static_cast<double>(cells)) return {true, 0, 0, 0};
    at = std::clamp(at, 0.0, static_cast<double>(cells - 1));
    const auto low = static_cast<int64_t>(std::floor(at));
    return {false, low, std::min(low + 1, cells - 1), at - static_cast<double>(low)};
}

/// body(cell, weight) for the cells that a sample reads.
template <class F>
void for_each_cell(double x, double y, double size, int64_t height, int64_t width, const F& body) {
    const Between column = between(x, width, size), row = between(y, height, size);
    if (column.outside || row.outside) return;
    body(row.low * width + column.low, (1 - row.part) * (1 - column.part));
    body(row.low * width + column.high, (1 - row.part) * column.part);
    body(row.high * width + column.low, row.part * (1 - column.part));
    body(row.high * width + column.high, row.part * column.part);
}

Tensor sampled(const Tensor& features, double x, double y, double size) {
    const int64_t channels = features.dim(2);
    Tensor value = Tensor::zeros({channels}, DType::f64);
    for_each_cell(x, y, size, features.dim(0), features.dim(1), [&](int64_t cell, double weight) {
        for (int64_t c = 0; c < channels; ++c)
            value.data<double>()[c] += weight * features.data<double>()[cell * channels + c];
    });
    return value;
}

/// body(bin, x, y) for every sample of one box.
template <class F>
void for_each_sample(const double* box, int64_t bins, const F& body) {
    const double bin_x = (box[2] - box[0]) / static_cast<double>(bins),
                 bin_y = (box[3] - box[1]) / static_cast<double>(bins);
    for (int64_t py = 0; py < bins; ++py)
        for (int64_t px = 0; px < bins; ++px)
            for (const double i : {0.25, 0.75})
                for (const double j : {0.25, 0.75})
                    body(py * bins + px, box[0] + (static_cast<double>(px) + j) * bin_x,
                         box[1] + (static_cast<double>(py) + i) * bin_y);
}

Tensor aligned(const Tensor& features, const Tensor& boxes, double size, int64_t bins) {
    const int64_t channels = features.dim(2);
    Tensor y = Tensor::zeros({boxes.dim(0), bins, bins, channels}, DType::f64);
    for (int64_t k = 0; k < boxes.dim(0); ++k)
        for_each_sample(boxes.data<double>() + k * 4, bins,
                        [&](int64_t bin, double at_x, double at_y) {
                            double* out = y.data<double>() + (k * bins * bins + bin) * channels;
                            const Tensor sample = sampled(features, at_x, at_y, size);
                            for (int64_t c = 0; c < channels; ++c)
                                out[c] += sample.data<double>()[c] / 4;
                        });
    return y;
}

Tensor aligned_backward(const Tensor& dy, const Tensor& boxes, double size, int64_t height,
                        int64_t width) {
    const int64_t bins = dy.dim(1), channels = dy.dim(3);
    Tensor gradient = Tensor::zeros({height, width, channels}, DType::f64);
    for (int64_t k = 0; k < boxes.dim(0); ++k)
        for_each_sample(
            boxes.data<double>() + k * 4, bins, [&](int64_t bin, double at_x, double at_y) {
                const double* out = dy.data<double>() + (k * bins * bins + bin) * channels;
                for_each_cell(at_x, at_y, size, height, width, [&](int64_t cell, double weight) {
                    for (int64_t c = 0; c < channels; ++c)
                        gradient.data<double>()[cell * channels + c] += weight * out[c] / 4;
                });
            });
    return gradient;
}

}  // namespace mdn::lesson
