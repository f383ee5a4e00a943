#include "engine/time_slice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#endif

using namespace mdn;
using namespace std::chrono_literals;

TEST_SUITE("engine/time_slice") {
    TEST_CASE("a thread gets the time slice that it asks for, and others keep theirs") {
        const auto before = time_slice();
        if (!before) MESSAGE("this system tells no time slices");
        std::thread([&] {
            errno = 0;
            request_time_slice(2300us);
            if (errno == EPERM || errno == ENOSYS)
                MESSAGE("this system denies time slices");
            else if (before)
                CHECK(time_slice() == 2300us);
            else
                CHECK(!time_slice());
        }).join();
        CHECK(time_slice() == before);
    }

#ifdef __linux__
    TEST_CASE("a request leaves a thread's nice value and policy alone") {
        std::thread([] {
            const int nice = std::min(19, getpriority(PRIO_PROCESS, 0) + 1);
            if (setpriority(PRIO_PROCESS, 0, nice) != 0) {  // on Linux, the calling thread's
                MESSAGE("this system lets no thread be nicer");
                return;
            }
            request_time_slice(300us);
            CHECK(getpriority(PRIO_PROCESS, 0) == nice);
            for (const int policy : {SCHED_BATCH, SCHED_IDLE}) {
                const sched_param none{};
                if (sched_setscheduler(0, policy, &none) != 0) continue;
                request_time_slice(400us);
                CHECK(sched_getscheduler(0) == policy);
                CHECK(getpriority(PRIO_PROCESS, 0) == nice);
                if (policy == SCHED_IDLE) CHECK(!time_slice());
            }
        }).join();
    }
#endif
}
