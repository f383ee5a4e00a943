#include "train/explain/cells_read.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>

#include "engine/random.h"

using namespace mdn;
using doctest::Approx;

namespace {

/// One axis of one sample by the words of SPEC §4: the two cells it lies between, and their shares.
struct Sample {
    bool counts;
    int64_t low, high;
    double high_share;
};

Sample sample_at(double at, int64_t length) {
    if (at < -1 || at > static_cast<double>(length)) return {false, 0, 0, 0};
    double y = std::max(at, 0.0);
    auto low = static_cast<int64_t>(std::floor(y));
    int64_t high = low + 1;
    if (low >= length - 1) {
        low = high = length - 1;
        y = static_cast<double>(low);
    }
    return {true, low, high, y - static_cast<double>(low)};
}

std::vector<double> reference(const float* box, double size, int64_t bins, int64_t H, int64_t W) {
    std::vector<double> weight(static_cast<size_t>(H * W));
    const auto at = [&](double low, double high, int64_t length, int64_t bin, int64_t i) {
        const double s = static_cast<double>(length) / size;
        const double one = (high * s - low * s) / static_cast<double>(bins);
        return low * s - 0.5 +
               (static_cast<double>(bin) + (static_cast<double>(i) + 0.5) / 2) * one;
    };
    const double share = 1.0 / static_cast<double>(4 * bins * bins);
    for (int64_t py = 0; py < bins; ++py)
        for (int64_t px = 0; px < bins; ++px)
            for (int64_t i = 0; i < 4; ++i) {
                const Sample y = sample_at(at(box[1], box[3], H, py, i / 2), H);
                const Sample x = sample_at(at(box[0], box[2], W, px, i % 2), W);
                if (!y.counts || !x.counts) continue;
                for (const auto& [row, down] :
                     {std::pair(y.low, 1 - y.high_share), {y.high, y.high_share}})
                    for (const auto& [column, right] :
                         {std::pair(x.low, 1 - x.high_share), {x.high, x.high_share}})
                        weight[row * W + column] += share * down * right;
            }
    return weight;
}

}  // namespace

TEST_SUITE("train/explain/cells_read") {
    TEST_CASE("the weights are those of SPEC 4, box by box") {
        Random random(21);
        const int64_t count = 12, H = 5, W = 7;
        const double size = 40;
        Tensor boxes = Tensor::empty({3, 4, 4});
        for (int64_t i = 0; i < count; ++i)
            for (const int64_t axis : {0, 1}) {
                // Some reach beyond the map, far enough to lose samples.
                const double low = random.uniform(-0.4, 0.8) * size;
                boxes.data<float>()[4 * i + axis] = static_cast<float>(low);
                boxes.data<float>()[4 * i + axis + 2] =
                    static_cast<float>(low + random.uniform(0.1, 0.9) * size);
            }
        for (const int64_t bins : {1, 3, 7}) {
            const std::vector<double> weights = cells_read(boxes, size, bins, H, W);
            REQUIRE(std::ssize(weights) == count * H * W);
            int64_t whole = 0;
            for (int64_t i = 0; i < count; ++i) {
                const auto expected = reference(boxes.data<float>() + 4 * i, size, bins, H, W);
                double sum = 0;
                for (int64_t cell = 0; cell < H * W; ++cell) {
                    CHECK(weights[i * H * W + cell] == Approx(expected[cell]).epsilon(1e-9));
                    sum += weights[i * H * W + cell];
                }
                CHECK(sum <= 1 + 1e-9);
                whole += sum > 1 - 1e-9;
            }
            CHECK(whole > 0);
            CHECK(whole < count);
        }
    }
}
