#include "train/bench.h"

#include <doctest/doctest.h>
#include <algorithm>

using namespace mdn;

TEST_SUITE("train/bench") {
    TEST_CASE("a large product stays below the multiply-add peak") {
        // The best of three, because other work on the machine slows either down. The margin is for
        // the same reason; a loop that was optimized with -O1 measured a fifth of the peak.
        double peak = 0, product = 0;
        for (int i = 0; i < 3; ++i) {
            peak = std::max(peak, measure_fma_peak());
            product = std::max(product, measure_gemm_peak(Device::cpu, DType::f32));
        }
        CHECK(product > 0);
        CHECK(product < 1.15 * peak);
    }
}
