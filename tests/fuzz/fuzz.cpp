#include "tests/fuzz/fuzz.h"

#include <sanitizer/allocator_interface.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>

#include "engine/error.h"

namespace mdn::fuzz {

namespace fs = std::filesystem;

namespace {

/// Of the memory taken between start and end; blocks from before that are given back count less.
std::atomic<bool> measuring = false;
std::atomic<std::int64_t> held = 0, most_held = 0;

void count(std::int64_t bytes) {
    if (!measuring) return;
    const std::int64_t now = held += bytes;
    if (now > most_held) most_held = now;
}

void on_allocation(const volatile void*, std::size_t bytes) {
    count(static_cast<std::int64_t>(bytes));
}

void on_release(const volatile void* block) {
    count(
        -static_cast<std::int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(block))));
}

/// Ends the process where an input takes so many seconds of processor time. libFuzzer's own limit
/// is by the clock, and on a busy machine it is reached by harmless inputs.
class TimeLimit {
  public:
    TimeLimit() {
        ::signal(SIGPROF, on_end);
        set(5);
    }
    ~TimeLimit() { set(0); }

  private:
    static void on_end(int) {
        constexpr char text[] = "fuzz: one input took 5 seconds of processor time\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, sizeof text - 1);
        abort();
    }
    static void set(time_t seconds) {
        const itimerval limit{{0, 0}, {seconds, 0}};
        require(::setitimer(ITIMER_PROF, &limit, nullptr) == 0, "cannot limit the time");
    }
};

struct Folder {
    fs::path path;
    Folder() {
        // In memory where there is such a folder: every input is a file.
        std::error_code ignored;
        const fs::path memory = "/dev/shm";
        const fs::path base =
            fs::is_directory(memory, ignored) ? memory : fs::temp_directory_path();
        std::string name = (base / "mdn-fuzz-XXXXXX").string();
        require(mkdtemp(name.data()) != nullptr, "cannot make a temporary folder");
        path = name;
        __sanitizer_install_malloc_and_free_hooks(on_allocation, on_release);
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

}  // namespace

const fs::path& folder() {
    static const Folder instance;
    return instance.path;
}

fs::path write(const std::string& name, const std::uint8_t* data, std::size_t size) {
    const fs::path path = folder() / name;
    std::ofstream file(path, std::ios::binary);
    if (!file) {
        fs::create_directories(path.parent_path());
        file.open(path, std::ios::binary);
    }
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    file.close();
    require(file.good(), "cannot write the input");
    return path;
}

void check(std::size_t honest, const std::function<void()>& read) {
    constexpr std::int64_t slack = 2 << 20;
    const std::int64_t allowed = 4 * static_cast<std::int64_t>(honest) + slack;
    held = most_held = 0;
    measuring = true;
    try {
        const TimeLimit limit;
        read();
        measuring = false;
    } catch (const Error& error) {
        measuring = false;
        require(*error.what() != '\0', "an error without a message");
    }
    if (most_held <= allowed) return;
    std::fprintf(stderr, "held %lld bytes, for an honest size of %zu\n",
                 static_cast<long long>(most_held), honest);
    require(false, "too much memory was taken");
}

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

}  // namespace mdn::fuzz
