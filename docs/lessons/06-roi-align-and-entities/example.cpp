// What ROIAlign sees of a box that moves by less than a cell, and where its gradient goes.
#include <cmath>
#include <cstdio>

#include "engine/ops.h"

using namespace mdn;

namespace {

const double size = 32;  // of the image in pixels; the map has 4×4 cells of 8×8 pixels
const int64_t cells = 4;

/// The mean of the columns that a box covers after its sides have moved to the nearest border
/// between cells.
double rounded_to_cells(const Tensor& features, double x1, double x2) {
    const double cell = size / static_cast<double>(cells);
    const auto first = static_cast<int64_t>(std::round(x1 / cell)),
               last = static_cast<int64_t>(std::round(x2 / cell));
    double sum = 0;
    for (int64_t column = first; column < last; ++column) sum += features.data<double>()[column];
    return sum / static_cast<double>(last - first);
}

}  // namespace

int main() {
    // The feature of each cell is where its centre lies: 4, 12, 20, 28 pixels from the left.
    Tensor features = Tensor::empty({1, cells, cells, 1}, DType::f64);
    for (int64_t i = 0; i < features.numel(); ++i)
        features.data<double>()[i] = static_cast<double>(4 + 8 * (i % cells));

    std::printf("A box of 8x8 pixels, one bin\n");
    std::printf("  its middle   ROIAlign   rounded to cells\n");
    for (double x1 = 8; x1 <= 16; x1 += 2) {
        const Tensor box = Tensor::from<double>({x1, 8, x1 + 8, 16}, {1, 1, 4});
        std::printf("  %10.0f %10.0f %18.0f\n", x1 + 4, roi_align(features, box, size, 1).item(),
                    rounded_to_cells(features, x1, x1 + 8));
    }

    features.set_requires_grad();
    const Tensor box = Tensor::from<double>({10, 8, 18, 16}, {1, 1, 4});
    backward(roi_align(features, box, size, 1), Tensor::full({1, 1, 1, 1, 1}, 64, DType::f64));
    std::printf("\nThe gradient 64 of the box from 10 to 18 (x) and 8 to 16 (y), by cells\n");
    const Tensor gradient = features.grad();
    for (int64_t i = 0; i < gradient.numel(); ++i)
        std::printf("%6.0f%s", gradient.data<double>()[i], i % cells == cells - 1 ? "\n" : "");
}
