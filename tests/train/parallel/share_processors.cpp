// How ranks on one host share its processors.
#include "train/parallel/share_processors.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/processors.h"

using namespace mdn;

TEST_SUITE("train/parallel/share_processors") {
    TEST_CASE("ranks that may run anywhere") {
        for (int64_t ranks = 1; ranks <= 20; ++ranks)
            for (int64_t processors = 1; processors <= 40; ++processors) {
                const AllowedProcessors allowed(static_cast<size_t>(ranks),
                                                std::string(static_cast<size_t>(processors), '1'));
                CHECK(processors_of(allowed) == processors);
                CHECK(threads_for_rank(allowed, 0, processors) ==
                      std::max<int64_t>(1, processors / ranks));
            }
    }

    TEST_CASE("ranks that a launcher has bound") {
        const AllowedProcessors bound = {"1111", "00001111"};  // srun --cpus-per-task=4
        CHECK(processors_of(bound) == 8);
        CHECK(threads_for_rank(bound, 0, 4) == 4);
        CHECK(threads_for_rank(bound, 1, 4) == 4);
        const AllowedProcessors uneven = {"111111", "0011", "0011"};
        CHECK(processors_of(uneven) == 6);
        CHECK(threads_for_rank(uneven, 0, 6) == 4);  // 4 of its own, and a third of 2
        CHECK(threads_for_rank(uneven, 1, 2) == 1);
    }

    TEST_CASE("a container's limit is shared") {
        const AllowedProcessors allowed(2, std::string(16, '1'));
        CHECK(threads_for_rank(allowed, 0, 6) == 3);
        CHECK(threads_for_rank(allowed, 0, 1) == 1);
    }

    TEST_CASE("what this process may use") {
        const std::string own = own_processors();
        CHECK(processors_of({own}) >= usable_processors());
        CHECK(threads_for_rank({own}, 0, usable_processors()) == usable_processors());
    }
}
