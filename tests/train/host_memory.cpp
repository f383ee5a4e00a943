#include "train/host_memory.h"

#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

constexpr int64_t mib = int64_t{1} << 20;

/// A machine with 1000 MiB free by its kernel.
struct Machine : TemporaryFolder {
    Machine() {
        write(*this / "proc/meminfo",
              "MemTotal:       8388608 kB\nMemFree:          10240 kB\nMemAvailable:    1024000 "
              "kB\n");
    }
    void group(const std::string& folder, const std::string& limit_name, const std::string& limit,
               const std::string& usage_name, int64_t usage, const std::string& stat) const {
        const auto group = path() / "sys/fs/cgroup" / folder;
        write(group / limit_name, limit + "\n");
        write(group / usage_name, std::to_string(usage) + "\n");
        write(group / "memory.stat", stat + "\n");
    }
    void version_2(const std::string& folder, const std::string& limit, int64_t usage,
                   int64_t cached) const {
        group(folder, "memory.max", limit, "memory.current", usage,
              "anon 7\ninactive_file " + std::to_string(cached));
    }
    int64_t available() const { return available_host_memory(path()); }
};

}  // namespace

TEST_SUITE("train/host_memory") {
    TEST_CASE("this machine has some") { CHECK(available_host_memory() > 0); }

    TEST_CASE("without groups the kernel's estimate counts, and without that nothing is known") {
        const Machine machine;
        CHECK(machine.available() == 1000 * mib);
        const TemporaryFolder nothing;
        CHECK(available_host_memory(nothing.path()) == 0);
    }

    TEST_CASE("a group of version 2 may leave less, cached files aside") {
        const Machine machine;
        write(machine / "proc/self/cgroup", "0::/box/job\n");
        machine.version_2("box/job", std::to_string(500 * mib), 200 * mib, 50 * mib);
        CHECK(machine.available() == 350 * mib);
        machine.version_2("box/job", "max", 200 * mib, 0);
        CHECK(machine.available() == 1000 * mib);
        // The one around it counts as well.
        machine.version_2("box", std::to_string(300 * mib), 200 * mib, 0);
        CHECK(machine.available() == 100 * mib);
        machine.version_2("box", std::to_string(300 * mib), 400 * mib, 0);
        CHECK(machine.available() == 0);
    }

    TEST_CASE("inside a container the group is the root of what is mounted") {
        const Machine machine;
        write(machine / "proc/self/cgroup", "0::/somewhere/outside\n");
        machine.version_2("", std::to_string(400 * mib), 100 * mib, 0);
        CHECK(machine.available() == 300 * mib);
    }

    TEST_CASE("version 1 has a hierarchy of its own for memory") {
        const Machine machine;
        write(machine / "proc/self/cgroup", "5:cpu,cpuacct:/job\n4:memory:/job\n0::/\n");
        machine.group("memory/job", "memory.limit_in_bytes", std::to_string(600 * mib),
                      "memory.usage_in_bytes", 500 * mib,
                      "inactive_file 1\ntotal_inactive_file " + std::to_string(100 * mib));
        CHECK(machine.available() == 200 * mib);
        machine.group("memory/job", "memory.limit_in_bytes", "9223372036854771712",
                      "memory.usage_in_bytes", 500 * mib, "");
        CHECK(machine.available() == 1000 * mib);
    }
}
