#include "engine/processors.h"

#include <thread>

#include "engine/error.h"
#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

/// A machine whose processors are this one's, and whose groups are these files.
struct Groups : TemporaryFolder {
    explicit Groups(const std::string& own) { write(*this / "proc/self/cgroup", own); }
    void version_2(const std::string& folder, const std::string& text) const {
        write(path() / "sys/fs/cgroup" / folder / "cpu.max", text);
    }
    void version_1(const std::string& folder, const std::string& time,
                   const std::string& period) const {
        write(path() / "sys/fs/cgroup/cpu" / folder / "cpu.cfs_quota_us", time);
        write(path() / "sys/fs/cgroup/cpu" / folder / "cpu.cfs_period_us", period);
    }
    int64_t usable() const { return usable_processors(path()); }
};

}  // namespace

TEST_SUITE("engine/processors") {
    TEST_CASE("without groups, and without a limit, all that the process may run on") {
        const int64_t all = Groups("").usable();
        CHECK(all >= 1);
        CHECK(all <= std::max(1U, std::thread::hardware_concurrency()));
        const Groups groups("0::/box\n");
        for (const char* text : {"max 100000\n", "", "0 100000\n", "100000 0\n", "-1 100000\n"}) {
            groups.version_2("box", text);
            CHECK(groups.usable() == all);
        }
    }

    TEST_CASE("a group of version 2 grants a share of time, rounded up to whole threads") {
        const int64_t all = Groups("").usable();
        const Groups groups("0::/box/job\n");
        const auto least = [&](int64_t granted) { return std::min(all, granted); };
        groups.version_2("box/job", "100000 100000\n");
        CHECK(groups.usable() == 1);
        groups.version_2("box/job", "100001 100000\n");
        CHECK(groups.usable() == least(2));
        groups.version_2("box/job", "1000 100000\n");
        CHECK(groups.usable() == 1);
        // The one around it counts as well.
        groups.version_2("box/job", "max 100000\n");
        groups.version_2("box", "50000 50000\n");
        CHECK(groups.usable() == 1);
        groups.version_2("box", "max 100000\n");
        groups.version_2("", "20000 20000\n");
        CHECK(groups.usable() == 1);
    }

    TEST_CASE("so does one of version 1, where -1 is no limit") {
        const int64_t all = Groups("").usable();
        const Groups groups("3:memory:/other\n2:cpu,cpuacct:/box\n");
        groups.version_1("box", "-1\n", "100000\n");
        CHECK(groups.usable() == all);
        groups.version_1("box", "100000\n", "100000\n");
        CHECK(groups.usable() == 1);
        const Groups memory("3:memory:/box\n2:cpuset:/box\n");
        memory.version_1("box", "100000\n", "100000\n");
        CHECK(memory.usable() == all);
    }

    TEST_CASE("OMP_NUM_THREADS is a number, or a list of which the first counts") {
        CHECK(threads_asked_for("3") == 3);
        CHECK(threads_asked_for(" 4 ") == 4);
        CHECK(threads_asked_for("5,2") == 5);
        CHECK(threads_asked_for("6 , 2") == 6);
        CHECK(threads_asked_for("100000") == 1024);
        for (const char* value : {"two", "0", "-2", "2x", "1.5", ",2", " ", "99999999999999999999"})
            CHECK_THROWS_WITH_AS(threads_asked_for(value),
                                 (std::string("OMP_NUM_THREADS is \"") + value +
                                  "\": it must be a number of threads")
                                     .c_str(),
                                 Error);
    }
}
