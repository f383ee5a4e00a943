#include "engine/cpu/gemm.h"

#include <doctest/doctest.h>
#include <cmath>
#include <cstring>

#include "engine/cpu/gemm_driver.h"
#include "engine/random.h"

using namespace mdn;

namespace {

struct Case {
    int64_t m, n, k;
    bool transpose_a = false, transpose_b = false;
    double alpha = 1, beta = 0;
    bool bias = false;
    int64_t extra = 0;  // what every leading dimension exceeds its least value by
};

/// Largest difference from plain loops in double, relative to the sum of absolute products, or
/// infinity if anything outside C [m,n] was written.
template <class T>
double gemm_error(const Case& g) {
    Random random(g.m * 1000003 + g.n * 1009 + g.k);
    const auto numbers = [&](int64_t count) {
        std::vector<T> values(count);
        for (T& value : values) value = static_cast<T>(random.normal());
        return values;
    };
    const int64_t lda = (g.transpose_a ? g.m : g.k) + g.extra;
    const int64_t ldb = (g.transpose_b ? g.k : g.n) + g.extra;
    const int64_t ldc = g.n + g.extra;
    const std::vector<T> a = numbers((g.transpose_a ? g.k : g.m) * lda);
    const std::vector<T> b = numbers((g.transpose_b ? g.n : g.k) * ldb);
    const std::vector<T> bias = numbers(g.n), before = numbers(g.m * ldc);
    std::vector<T> c = before;
    if (g.beta == 0)  // must be ignored, not multiplied
        for (int64_t i = 0; i < g.m; ++i)
            for (int64_t j = 0; j < g.n; ++j) c[i * ldc + j] = static_cast<T>(NAN);
    gemm<T>(g.transpose_a, g.transpose_b, g.m, g.n, g.k, static_cast<T>(g.alpha), a.data(), lda,
            b.data(), ldb, static_cast<T>(g.beta), c.data(), ldc, g.bias ? bias.data() : nullptr);
    double worst = 0;
    for (int64_t i = 0; i < g.m; ++i) {
        for (int64_t j = 0; j < ldc; ++j) {
            const double got = c[i * ldc + j];
            if (j >= g.n) {
                if (got != before[i * ldc + j]) return INFINITY;
                continue;
            }
            double sum = 0, size = 1e-30;
            for (int64_t p = 0; p < g.k; ++p) {
                const double x = a[g.transpose_a ? p * lda + i : i * lda + p];
                const double y = b[g.transpose_b ? j * ldb + p : p * ldb + j];
                sum += x * y;
                size += std::abs(x * y);
            }
            const double old = g.beta == 0 ? 0 : g.beta * before[i * ldc + j];
            const double add = g.bias ? bias[j] : 0;
            const double error = std::abs(got - (g.alpha * sum + old + add)) /
                                 (std::abs(g.alpha) * size + std::abs(old) + std::abs(add));
            if (!(error <= worst)) worst = error;
        }
    }
    return worst;
}

void check_gemm(const Case& g) {
    CAPTURE(g.m);
    CAPTURE(g.n);
    CAPTURE(g.k);
    CAPTURE(g.transpose_a);
    CAPTURE(g.transpose_b);
    CHECK(gemm_error<float>(g) <= 2e-6);
    CHECK(gemm_error<double>(g) <= 4e-15);
}

}  // namespace

TEST_SUITE("engine/cpu/gemm") {
    TEST_CASE("gemm equals plain loops on every small size") {
        for (int64_t m : {1, 2, 5, 12, 13, 27})
            for (int64_t n : {1, 7, 16, 17, 32, 33, 65})
                for (int64_t k : {1, 3, 17, 40})
                    for (int transposed = 0; transposed < 4; ++transposed)
                        check_gemm({m, n, k, transposed % 2 == 1, transposed / 2 == 1});
    }

    TEST_CASE("gemm equals plain loops around the block boundaries") {
        for (int64_t k : {block_depth - 1, block_depth, block_depth + 1, 2 * block_depth + 5})
            for (int transposed = 0; transposed < 4; ++transposed)
                check_gemm({25, 35, k, transposed % 2 == 1, transposed / 2 == 1});
        for (int64_t m : {143, 144, 145, 300}) check_gemm({m, 50, 20});
        check_gemm({3, 700, 33});
    }

    TEST_CASE("gemm with a B too large to be packed at once equals plain loops") {
        const int64_t k = 3 * block_depth - 7, n = 1801;
        static_assert(1801 * (2 * block_depth) * sizeof(float) > 2 * shared_b_bytes);
        for (int transposed = 0; transposed < 4; ++transposed)
            check_gemm({5, n, k, transposed % 2 == 1, transposed / 2 == 1, 1.5, -0.5, true});
    }

    TEST_CASE("gemm scales, accumulates, adds a bias and keeps to its columns") {
        for (int64_t k : {9, 400})
            for (double beta : {0.0, 1.0, -0.5})
                for (bool bias : {false, true})
                    for (int transposed = 0; transposed < 4; ++transposed)
                        check_gemm({26, 37, k, transposed % 2 == 1, transposed / 2 == 1, 1.5, beta,
                                    bias, 3});
    }

    TEST_CASE("gemm with nothing to sum gives beta·C + bias") {
        std::vector<float> c = {1, 2, 3, 4};
        const std::vector<float> bias = {10, 20};
        gemm<float>(false, false, 2, 2, 0, 1, nullptr, 0, nullptr, 2, 2, c.data(), 2, bias.data());
        CHECK(c == std::vector<float>{12, 24, 16, 28});
        gemm<float>(false, false, 0, 2, 3, 1, nullptr, 3, nullptr, 2, 0, c.data(), 2);
        CHECK(c == std::vector<float>{12, 24, 16, 28});
    }

    TEST_CASE("gemm gives the same bits in every run") {
        Random random(5);
        const int64_t m = 200, n = 150, k = 500;
        const Tensor a = random.normal_tensor({m, k}), b = random.normal_tensor({k, n});
        Tensor first = Tensor::empty({m, n}), again = Tensor::empty({m, n});
        for (int run = 0; run < 4; ++run) {
            Tensor& c = run == 0 ? first : again;
            gemm<float>(false, false, m, n, k, 1, a.data<float>(), k, b.data<float>(), n, 0,
                        c.data<float>(), n);
            if (run > 0)
                CHECK(std::memcmp(first.raw(), again.raw(), static_cast<size_t>(first.bytes())) ==
                      0);
        }
    }
}
