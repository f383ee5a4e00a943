#include "engine/schedule.h"

#include <doctest/doctest.h>

using namespace mdn;

TEST_SUITE("engine/schedule") {
    TEST_CASE("warm-up rises linearly from base/steps to base, whatever follows") {
        for (const ScheduleKind kind :
             {ScheduleKind::constant, ScheduleKind::step, ScheduleKind::cosine}) {
            const Schedule schedule{
                .kind = kind, .base = 0.8, .total_steps = 20, .warmup_steps = 4, .milestones = {9}};
            CHECK(learning_rate(schedule, 0) == doctest::Approx(0.2));
            CHECK(learning_rate(schedule, 1) == doctest::Approx(0.4));
            CHECK(learning_rate(schedule, 3) == doctest::Approx(0.8));
            CHECK(learning_rate(schedule, 4) == doctest::Approx(0.8));
        }
    }

    TEST_CASE("constant stays") {
        const Schedule schedule{.kind = ScheduleKind::constant, .base = 0.3, .total_steps = 5};
        for (const int64_t step : {0, 4, 5, 1000}) CHECK(learning_rate(schedule, step) == 0.3);
    }

    TEST_CASE("step multiplies by gamma at each milestone") {
        const Schedule schedule{.kind = ScheduleKind::step,
                                .base = 0.02,
                                .total_steps = 50,
                                .milestones = {25, 45},
                                .gamma = 0.1};
        CHECK(learning_rate(schedule, 0) == doctest::Approx(0.02));
        CHECK(learning_rate(schedule, 24) == doctest::Approx(0.02));
        CHECK(learning_rate(schedule, 25) == doctest::Approx(0.002));
        CHECK(learning_rate(schedule, 44) == doctest::Approx(0.002));
        CHECK(learning_rate(schedule, 45) == doctest::Approx(0.0002));
        CHECK(learning_rate(schedule, 49) == doctest::Approx(0.0002));
    }

    TEST_CASE("cosine falls from base after the warm-up to floor at total_steps") {
        const Schedule schedule{.base = 1, .total_steps = 10, .warmup_steps = 2, .floor = 0.2};
        CHECK(learning_rate(schedule, 2) == doctest::Approx(1));
        CHECK(learning_rate(schedule, 4) ==
              doctest::Approx(0.2 + 0.4 * (1 + 0.7071067811865476)));  // cos 45°
        CHECK(learning_rate(schedule, 6) == doctest::Approx(0.6));     // half way
        CHECK(learning_rate(schedule, 9) ==
              doctest::Approx(0.2 + 0.4 * (1 - 0.9238795325112867)));  // last step: cos 157.5°
        CHECK(learning_rate(schedule, 10) == 0.2);
        CHECK(learning_rate(schedule, 11) == 0.2);
    }

    TEST_CASE("a run that is all warm-up divides by nothing") {
        const Schedule schedule{.base = 1, .total_steps = 3, .warmup_steps = 3};
        CHECK(learning_rate(schedule, 2) == 1);
        CHECK(learning_rate(schedule, 3) == 0);
    }
}
