#include "train/bench.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mdn;

TEST_SUITE("train/bench") {
    TEST_CASE("the peak's multiply-adds must all be computed: no chain is as another, or stays") {
        // Of equal chains a compiler computes one, and the peak seems higher than it is.
        const std::vector<float> results = multiply_add_chains(5), later = multiply_add_chains(6);
        REQUIRE(results.size() >= 10);
        CHECK(std::set<float>(results.begin(), results.end()).size() == results.size());
        for (size_t chain = 0; chain < results.size(); ++chain)
            CHECK(results[chain] != later[chain]);
    }

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
