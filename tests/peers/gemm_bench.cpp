// Our matrix product beside OpenBLAS, in alternating pairs: GFLOP/s (medians) and their ratio.
// usage: gemm_bench [REPETITIONS]
#include <cblas.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engine/cpu/gemm.h"
#include "engine/random.h"
#include "engine/threads.h"
#include "tests/peers/timing.h"
#include "train/bench.h"

using namespace mdn;

namespace {

struct Product {
    const char* what;
    int64_t m, n, k;
    bool transpose_a = false, transpose_b = true;
};

constexpr Product products[] = {
    {"square", 512, 512, 512},
    {"square", 1024, 1024, 1024},
    {"square", 2048, 2048, 2048},
    {"square, NN", 1024, 1024, 1024, false, false},
    {"square, TN", 1024, 1024, 1024, true, false},
    {"1x1, 64 to 64", 25088, 64, 64},
    {"1x1, 64 to 256", 25088, 256, 64},
    {"1x1, 256 to 64", 25088, 64, 256},
    {"3x3, 64 to 64", 25088, 64, 576},
    {"1x1, 512 to 128", 6272, 128, 512},
    {"1x1, 128 to 512", 6272, 512, 128},
    {"3x3, 128 to 128", 6272, 128, 1152},
    {"1x1, 1024 to 256", 1568, 256, 1024},
    {"1x1, 256 to 1024", 1568, 1024, 256},
    {"3x3, 256 to 256", 1568, 256, 2304},
    {"1x1, 2048 to 512", 392, 512, 2048},
    {"3x3, 512 to 512", 392, 512, 4608},
    {"qkv of 2 clips", 96, 768, 256},
    {"weight gradient, 64x64", 64, 64, 25088, true, false},
    {"weight gradient, 64x256", 64, 256, 25088, true, false},
    {"weight gradient, 256x1024", 256, 1024, 1568, true, false},
};

}  // namespace

int main(int argc, char** argv) {
    const int repetitions = argc > 1 ? std::atoi(argv[1]) : 15;
    const double peak = measure_fma_peak();
    std::printf("multiply-add peak %.0f GFLOP/s on %d threads; OpenBLAS: %s\n", peak,
                static_cast<int>(threads()), openblas_get_corename());
    std::printf("%-26s %6s %5s %5s %8s %9s %6s %7s\n", "product", "M", "N", "K", "ours", "OpenBLAS",
                "ratio", "of peak");
    Random random(1);
    for (const Product& p : products) {
        const Tensor a = random.normal_tensor({p.m, p.k}), b = random.normal_tensor({p.n, p.k});
        Tensor c = Tensor::zeros({p.m, p.n});
        const int64_t lda = p.transpose_a ? p.m : p.k, ldb = p.transpose_b ? p.k : p.n;
        const auto ours = [&] {
            gemm<float>(p.transpose_a, p.transpose_b, p.m, p.n, p.k, 1, a.data<float>(), lda,
                        b.data<float>(), ldb, 0, c.data<float>(), p.n);
        };
        const auto theirs = [&] {
            cblas_sgemm(CblasRowMajor, p.transpose_a ? CblasTrans : CblasNoTrans,
                        p.transpose_b ? CblasTrans : CblasNoTrans, static_cast<int>(p.m),
                        static_cast<int>(p.n), static_cast<int>(p.k), 1, a.data<float>(),
                        static_cast<int>(lda), b.data<float>(), static_cast<int>(ldb), 0,
                        c.data<float>(), static_cast<int>(p.n));
        };
        ours();
        theirs();
        std::vector<double> our_times, their_times, ratios;
        for (int i = 0; i < repetitions; ++i) {
            our_times.push_back(bench::seconds(ours));
            their_times.push_back(bench::seconds(theirs));
            ratios.push_back(their_times.back() / our_times.back());
        }
        const double work = 2e-9 * static_cast<double>(p.m * p.n * p.k);
        const double rate = work / bench::median(our_times);
        std::printf("%-26s %6ld %5ld %5ld %8.0f %9.0f %6.2f %6.0f%%   best %.0f %.0f\n", p.what,
                    p.m, p.n, p.k, rate, work / bench::median(their_times), bench::median(ratios),
                    100 * rate / peak, work / *std::min_element(our_times.begin(), our_times.end()),
                    work / *std::min_element(their_times.begin(), their_times.end()));
    }
}
