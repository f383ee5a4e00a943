#include "engine/cuda/divisor.h"

#include <doctest/doctest.h>

#include "engine/random.h"

using namespace mdn;

TEST_SUITE("engine/cuda/divisor") {
    TEST_CASE("split divides exactly all the way to 2³¹") {
        Random random(1);
        const auto check = [](int64_t n, int64_t divisor) {
            auto rest = static_cast<uint32_t>(n);
            const int64_t quotient = Divisor(divisor).split(rest);
            return quotient == n / divisor && rest == n % divisor;
        };
        const int64_t last = Divisor::limit - 1;
        int64_t wrong = 0;
        for (int64_t power = 1; power <= Divisor::limit; power *= 2)
            for (const int64_t divisor : {power - 1, power, power + 1, power / 3 * 2 + 1}) {
                if (divisor < 1 || divisor > last) continue;
                const int64_t multiple = last / divisor * divisor;
                for (const int64_t n : {int64_t{0}, divisor - 1, divisor, multiple - 1, multiple,
                                        last, last / 2, random.below(last)})
                    wrong += !check(n, divisor);
            }
        CHECK(wrong == 0);
    }

    TEST_CASE("a divisor that split could not divide by is refused") {
        CHECK_THROWS_AS(Divisor(0), Error);
        CHECK_THROWS_AS(Divisor{Divisor::limit}, Error);
    }
}
