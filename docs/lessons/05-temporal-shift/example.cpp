// One clip of 4 frames and 16 channels before and after the shift. x1[0] is the value that frame 1
// had in channel 0.
#include <cstdio>

#include "engine/ops.h"

using namespace mdn;

namespace {

void print(const char* name, const Tensor& x) {
    std::printf("%s\n", name);
    for (int64_t t = 0; t < x.dim(0); ++t) {
        std::printf("  t = %d:", static_cast<int>(t));
        // The first six of the 16 channels: two folds of two, and two that stay.
        for (int64_t c = 0; c < 6; ++c) {
            const int value = static_cast<int>(x.data<float>()[t * x.dim(3) + c]);
            if (value == 0)
                std::printf("      0");
            else
                std::printf("  x%d[%d]", value / 100 - 1, value % 100);
        }
        std::printf("\n");
    }
}

}  // namespace

int main() {
    const int64_t frames = 4, channels = 16;
    const Tensor x = Tensor::empty({frames, 1, 1, channels});
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data<float>()[i] = static_cast<float>(100 * (i / channels + 1) + i % channels);
    const Tensor y = temporal_shift(x, frames);
    print("x:", x);
    print("shifted once:", y);
    print("shifted twice:", temporal_shift(y, frames));
}
