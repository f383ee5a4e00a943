#include "data/decoding_threads.h"

#include <atomic>

#include "tests/data/temporary_dataset.h"
#include "tests/no_more_threads.h"

namespace mdn::test {

TEST_SUITE("data/decoding_threads") {
    TEST_CASE("each thread runs the function once, and join waits for all") {
        std::atomic<int> runs = 0;
        DecodingThreads threads;
        CHECK(threads.empty());
        threads.start(5, 5, [&] { ++runs; });
        CHECK(!threads.empty());
        threads.join();
        CHECK(runs == 5);
        CHECK(threads.empty());
        threads.start(0, 1, [&] { ++runs; });
        CHECK(threads.empty());
    }

    TEST_CASE("threads that the system does not give are an error that says what to do") {
        std::atomic<int> runs = 0;
        DecodingThreads threads;
        threads.start(1, 4, [&] { ++runs; });
        const NoMoreThreads none;
        const std::string several = error_of([&] { threads.start(3, 4, [&] { ++runs; }); });
        CHECK_MESSAGE(
            contains(several, {"only 0 of 3 threads that decode frames could be started",
                               "Resource temporarily unavailable", "lower --workers", "ulimit -u"}),
            several);
        const std::string one = error_of([&] { threads.start(1, 1, [&] { ++runs; }); });
        CHECK_MESSAGE(contains(one, {"only 0 of 1 thread that", "raise the limit"}), one);
        CHECK(!contains(one, {"--workers"}));
        threads.join();
        CHECK(runs == 1);
    }
}

}  // namespace mdn::test
