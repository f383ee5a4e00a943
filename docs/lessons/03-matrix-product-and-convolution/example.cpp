// The order of three loops decides how often memory is asked. Then a convolution as a table: which
// pixels each output reads.
#include <cstdio>

#include "docs/lessons/03-matrix-product-and-convolution/exercise.h"

using namespace mdn;
using namespace mdn::lesson;

namespace {

/// Calls multiply(a, b, c) for matrices of 64×64 behind a cache, and prints how often it missed.
template <class F>
void count_misses(const char* order, const F& multiply) {
    const Tensor x = Tensor::zeros({64, 64}, DType::f64);
    Cache cache;
    CachedMatrix a(cache, "a", x), b(cache, "b", x), c(cache, "c", x.clone());
    multiply(a, b, c);
    std::printf("  %-24s %7d lines from memory\n", order, static_cast<int>(cache.misses()));
}

}  // namespace

int main() {
    std::printf("c = a b, 64x64 each, which is 512 lines each:\n");
    count_misses("for i, for j, for k", [](auto& a, auto& b, auto& c) {
        for (int64_t i = 0; i < 64; ++i)
            for (int64_t j = 0; j < 64; ++j)
                for (int64_t k = 0; k < 64; ++k) c(i, j) += a(i, k) * b(k, j);
    });
    count_misses("for i, for k, for j", [](auto& a, auto& b, auto& c) {
        for (int64_t i = 0; i < 64; ++i)
            for (int64_t k = 0; k < 64; ++k)
                for (int64_t j = 0; j < 64; ++j) c(i, j) += a(i, k) * b(k, j);
    });

    const int64_t size = 4, kernel = 3, stride = 2, pad = 1;
    const int64_t out = (size + 2 * pad - kernel) / stride + 1;
    int readers[size * size] = {};
    std::printf(
        "\nAn image of 4x4 under a kernel of 3x3, stride 2, pad 1. Pixels are numbered by\n"
        "rows. What each output reads, in the order of the kernel (. is the border):\n");
    for (int64_t p = 0; p < out; ++p)
        for (int64_t q = 0; q < out; ++q) {
            std::printf("  y[%d,%d]:", static_cast<int>(p), static_cast<int>(q));
            for (int64_t r = 0; r < kernel; ++r)
                for (int64_t s = 0; s < kernel; ++s) {
                    const int64_t row = stride * p + r - pad, column = stride * q + s - pad;
                    if (row < 0 || row >= size || column < 0 || column >= size) {
                        std::printf("  .");
                        continue;
                    }
                    std::printf(" %2d", static_cast<int>(row * size + column));
                    ++readers[row * size + column];
                }
            std::printf("\n");
        }
    std::printf("How many outputs read each pixel:\n");
    for (int64_t pixel = 0; pixel < size * size; ++pixel)
        std::printf("%s%d%s", pixel % size ? " " : "  ", readers[pixel],
                    pixel % size == size - 1 ? "\n" : "");
}
