#include "train/report/bootstrap.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/random.h"

using namespace mdn;
using doctest::Approx;

TEST_SUITE("train/report/bootstrap") {
    TEST_CASE("the interval is the percentiles of the statistic over samples with replacement") {
        Random random(9);
        std::vector<double> values;
        for (int i = 0; i < 23; ++i) values.push_back(random.uniform(0, 10));
        // Every sample is seen, each of as many clips as there are.
        std::vector<double> means;
        const auto mean = [&](const std::vector<int64_t>& times) {
            REQUIRE(times.size() == values.size());
            CHECK(std::accumulate(times.begin(), times.end(), int64_t{0}) == 23);
            double sum = 0;
            for (size_t i = 0; i < values.size(); ++i)
                sum += values[i] * static_cast<double>(times[i]) / 23;
            means.push_back(sum);
            return std::vector<double>{sum, -sum};
        };
        const auto intervals = bootstrap(23, mean, 41);
        REQUIRE(means.size() == 41);
        std::sort(means.begin(), means.end());
        // 2.5 % of the way from the first to the last of 41 is the second.
        REQUIRE(intervals.size() == 2);
        CHECK(intervals[0].low == Approx(means[1]));
        CHECK(intervals[0].high == Approx(means[39]));
        CHECK(intervals[1].low == Approx(-means[39]));
        CHECK(intervals[1].high == Approx(-means[1]));
        CHECK(means.front() < means[20]);  // the samples differ
        // Between two samples it is interpolated: of 11, a quarter of the way from the first.
        means.clear();
        const auto few = bootstrap(23, mean, 11);
        std::sort(means.begin(), means.end());
        CHECK(few[0].low == Approx(0.75 * means[0] + 0.25 * means[1]));
    }

    TEST_CASE("of many clips it is about that of the normal distribution, and always the same") {
        const auto share = [](const std::vector<int64_t>& times) {
            double right = 0;
            for (size_t i = 0; i < 280; ++i) right += static_cast<double>(times[i]);
            return std::vector<double>{100 * right / 400};
        };
        const Interval interval = bootstrap(400, share)[0];
        const double half = 1.96 * 100 * std::sqrt(0.7 * 0.3 / 400);
        CHECK(std::abs(interval.low - (70 - half)) < 0.5);
        CHECK(std::abs(interval.high - (70 + half)) < 0.5);
        CHECK(bootstrap(400, share)[0].low == interval.low);
    }

    TEST_CASE("Wilson's interval has the published values") {
        CHECK(wilson_interval(0, 10).low == 0);
        CHECK(wilson_interval(0, 10).high == Approx(27.754).epsilon(1e-4));
        CHECK(wilson_interval(5, 10).low == Approx(23.659).epsilon(1e-4));
        CHECK(wilson_interval(5, 10).high == Approx(76.341).epsilon(1e-4));
        CHECK(wilson_interval(10, 10).low == Approx(72.246).epsilon(1e-4));
        CHECK(wilson_interval(0, 0).high == 100);
        // Of a share whose samples are all alike, and of another.
        CHECK(share_interval({0, 0}, 0, 10).high == wilson_interval(0, 10).high);
        CHECK(share_interval({100, 100}, 100, 10).low == wilson_interval(10, 10).low);
        CHECK(share_interval({40, 60}, 50, 10).low == 40);
        // A percentage is rounded.
        CHECK(share_interval({100, 100}, 100 - 1e-13, 49).low < 99);
        CHECK(share_interval({97, 100}, 99.9, 1000).low == 97);
    }

    TEST_CASE("Student's t has the published values") {
        CHECK(student_t(1) == Approx(12.7062).epsilon(1e-5));
        CHECK(student_t(2) == Approx(4.30265).epsilon(1e-5));
        CHECK(student_t(3) == Approx(3.18245).epsilon(1e-5));
        CHECK(student_t(4) == Approx(2.77645).epsilon(1e-5));
        CHECK(student_t(9) == Approx(2.26216).epsilon(1e-5));
        CHECK(student_t(30) == Approx(2.04227).epsilon(1e-5));
        CHECK(student_t(999) == Approx(1.96234).epsilon(1e-5));
    }
}
