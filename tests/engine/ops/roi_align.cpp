#include <doctest/doctest.h>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/gradient_check.h"
#include "tests/engine/ops/bad_numbers.h"

using namespace mdn;

namespace {

/// SPEC §4 sentence by sentence, one sample at a time.
Tensor plain_roi_align(const Tensor& features, const Tensor& boxes, double size, int64_t bins) {
    const int64_t height = features.dim(1), width = features.dim(2), channels = features.dim(3);
    const int64_t per_image = boxes.dim(1);
    const auto sample = [&](int64_t n, double y, double x, int64_t c) {
        if (y < -1 || y > static_cast<double>(height)) return 0.0;
        if (x < -1 || x > static_cast<double>(width)) return 0.0;
        y = std::max(y, 0.0);
        x = std::max(x, 0.0);
        auto yl = static_cast<int64_t>(std::floor(y)), xl = static_cast<int64_t>(std::floor(x));
        int64_t yh = yl + 1, xh = xl + 1;
        if (yl >= height - 1) {
            yl = yh = height - 1;
            y = static_cast<double>(yl);
        }
        if (xl >= width - 1) {
            xl = xh = width - 1;
            x = static_cast<double>(xl);
        }
        const auto at = [&](int64_t row, int64_t column) {
            return features.data<double>()[((n * height + row) * width + column) * channels + c];
        };
        const double ly = y - static_cast<double>(yl), lx = x - static_cast<double>(xl);
        return (1 - ly) * ((1 - lx) * at(yl, xl) + lx * at(yl, xh)) +
               ly * ((1 - lx) * at(yh, xl) + lx * at(yh, xh));
    };
    std::vector<double> y;
    for (int64_t k = 0; k < boxes.dim(0) * per_image; ++k) {
        const double* box = boxes.data<double>() + k * 4;
        const double sx = static_cast<double>(width) / size,
                     sy = static_cast<double>(height) / size;
        const double x0 = box[0] * sx - 0.5, y0 = box[1] * sy - 0.5;
        const double bin_x = (box[2] * sx - box[0] * sx) / static_cast<double>(bins);
        const double bin_y = (box[3] * sy - box[1] * sy) / static_cast<double>(bins);
        for (int64_t py = 0; py < bins; ++py)
            for (int64_t px = 0; px < bins; ++px)
                for (int64_t c = 0; c < channels; ++c) {
                    double total = 0;
                    for (int64_t i = 0; i < 2; ++i)
                        for (int64_t j = 0; j < 2; ++j)
                            total +=
                                sample(k / per_image,
                                       y0 + (static_cast<double>(py) + (i + 0.5) / 2) * bin_y,
                                       x0 + (static_cast<double>(px) + (j + 0.5) / 2) * bin_x, c);
                    y.push_back(total / 4);
                }
    }
    return Tensor::from(y, {boxes.dim(0), per_image, bins, bins, channels});
}

/// [N,K,4] boxes in an image of side 64: ordinary ones, and by turns one reaching outside, one far
/// outside, one tiny, one without area, one turned inside out, the whole image.
Tensor varied_boxes(Random& random, int64_t images, int64_t per_image) {
    Tensor boxes = Tensor::empty({images, per_image, 4}, DType::f64);
    for (int64_t k = 0; k < images * per_image; ++k) {
        double* b = boxes.data<double>() + k * 4;
        b[0] = random.uniform(0, 40);
        b[1] = random.uniform(0, 40);
        b[2] = b[0] + random.uniform(4, 24);
        b[3] = b[1] + random.uniform(4, 24);
        switch (k % 8) {
            case 1:
                b[0] -= 60;
                b[3] += 60;
                break;
            case 2:
                b[0] += 200, b[2] += 200;
                break;
            case 3:
                b[2] = b[0] + 0.01;
                b[3] = b[1] + 0.01;
                break;
            case 4:
                b[2] = b[0];
                break;
            case 5:
                std::swap(b[0], b[2]);
                break;
            case 6:
                b[0] = b[1] = 0;
                b[2] = b[3] = 64;
                break;
        }
    }
    return boxes;
}

struct Case {
    Shape features;
    int64_t per_image, bins;
};

// Square and oblong maps, a 1×1 map, one box, one bin, bins larger and smaller than a cell, and
// enough images for several threads.
const std::vector<Case> cases = {{{2, 8, 8, 3}, 8, 3}, {{1, 5, 9, 2}, 8, 7},   {{3, 7, 4, 1}, 5, 2},
                                 {{2, 1, 1, 4}, 7, 3}, {{1, 32, 32, 2}, 8, 2}, {{1, 1, 6, 5}, 1, 1},
                                 {{5, 4, 4, 33}, 6, 5}};

}  // namespace

TEST_SUITE("engine/ops/roi_align") {
    TEST_CASE("ROIAlign equals its definition, boxes outside the image included") {
        Random random(1);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.features));
            const Tensor features = random.normal_tensor(test.features, 1, DType::f64);
            const Tensor boxes = varied_boxes(random, test.features[0], test.per_image);
            const Tensor expected = plain_roi_align(features, boxes, 64, test.bins);
            CHECK(test::relative_error(roi_align(features, boxes, 64, test.bins), expected) <
                  1e-12);
            CHECK(test::relative_error(
                      roi_align(features.to(DType::f32), boxes.to(DType::f32), 64, test.bins),
                      expected) < 1e-4);
        }
    }

    TEST_CASE("ROIAlign gradient") {
        Random random(2);
        for (const Case& test : cases) {
            CAPTURE(to_string(test.features));
            const Tensor boxes = varied_boxes(random, test.features[0], test.per_image);
            test::check_gradients([&](auto& in) { return roi_align(in[0], boxes, 64, test.bins); },
                                  {random.normal_tensor(test.features, 1, DType::f64)});
        }
    }

    TEST_CASE("a hand-computed bin: half-pixel shift, clamping at the border, samples outside") {
        // 2×2 map of an image of side 2, so one cell a pixel; values 1 2 / 3 4.
        const Tensor features = Tensor::from<double>({1, 2, 3, 4}, {1, 2, 2, 1});
        const auto value = [&](double x1, double y1, double x2, double y2) {
            return roi_align(features, Tensor::from<double>({x1, y1, x2, y2}, {1, 1, 4}), 2, 1)
                .item();
        };
        // The whole image: samples at 0 and 1 on each axis, the four cells.
        CHECK(value(0, 0, 2, 2) == 2.5);
        // The upper left cell: samples at −¼ and ¼; the first is clamped to 0.
        CHECK(value(0, 0, 1, 1) == doctest::Approx(1 + 0.125 * 1 + 0.125 * 2));
        // x samples at −3.5 and 0.5: the first is outside, contributes 0 and still counts.
        CHECK(value(-5, 0, 3, 2) == doctest::Approx(2.5 / 2));
        // x samples at −1.25 and −0.75: only the second is inside, and clamped to the first column.
        CHECK(value(-1, 0, 0, 2) == doctest::Approx(2.0 / 2));
        // x samples exactly at the last cell's centre and at W, which is still inside.
        CHECK(value(1, 0, 3, 2) == doctest::Approx(3));
    }

    TEST_CASE("a box that is not a number reads nothing") {
        const Tensor features = Tensor::full({1, 2, 2, 3}, 1, DType::f64);
        const Tensor y =
            roi_align(features, Tensor::full({1, 1, 4}, std::nan(""), DType::f64), 2, 2);
        CHECK(sum(y).item() == 0);
    }

    TEST_CASE("ROIAlign names what does not fit") {
        const Tensor features = Tensor::full({2, 4, 4, 3}, 1);
        CHECK_THROWS_WITH_AS(roi_align(features, Tensor::full({1, 6, 4}, 1), 64, 7),
                             "[roi_align] boxes has shape [1, 6, 4], expected [2, 6, 4]", Error);
        CHECK_THROWS_WITH_AS(roi_align(features, Tensor::full({2, 6, 4}, 1), 64, 0),
                             "[roi_align] needs at least one bin a side, not 0", Error);
        for (const double size : test::not_positive_floats)
            CHECK_THROWS_WITH_AS(roi_align(features, Tensor::full({2, 6, 4}, 1), size, 1),
                                 doctest::Contains("[roi_align] the image's side must be positive"),
                                 Error);
    }
}
